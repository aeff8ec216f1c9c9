"""`entrepot repository list`, `image list` and `image show`, on a small registry."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from entrepot.assembly.backend import Backend
from entrepot.config import load
from entrepot.oci.digest import Digest
from entrepot.oci.name import RepositoryName
from tests.model.place import Place
from tests.unit.cli.program import run
from tests.wire.harness.contents import Content

NAME = "team/app"
LAYERS = (Content(b"first layer"), Content(b"second layer"))
CONFIG = Content(
    json.dumps(
        {
            "os": "linux",
            "architecture": "arm64",
            "variant": "v8",
            "history": [
                {"created": "2026-01-02T03:04:05Z", "created_by": "ADD rootfs.tar /"},
                {"created_by": "ENV A=b", "empty_layer": True},
                {"created_by": "RUN make\t&& " + "long " * 30},
            ],
        }
    ).encode()
)
BARE = Content(b'{"history": "none", "os": 7}')
GONE = "sha256:" + "0" * 64


def _image(config: Content, *layers: Content, **more: Any) -> Content:
    kind = "application/vnd.oci.image"
    document = {
        "schemaVersion": 2,
        "mediaType": f"{kind}.manifest.v1+json",
        "config": _descriptor(config, f"{kind}.config.v1+json"),
        "layers": [_descriptor(layer, f"{kind}.layer.v1.tar") for layer in layers],
        **more,
    }
    return Content(json.dumps(document).encode())


def _descriptor(content: Content, media_type: str) -> dict[str, Any]:
    size = len(content.payload)
    return {"mediaType": media_type, "digest": str(content.digest), "size": size}


IMAGE = _image(CONFIG, *LAYERS)
PLAIN = _image(BARE, *LAYERS)
SIGNATURE = _image(
    BARE,
    artifactType="application/vnd.example.signature",
    subject=_descriptor(IMAGE, "application/vnd.oci.image.manifest.v1+json"),
    annotations={"by": "carol"},
)
INDEX = Content(
    json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": [
                {
                    **_descriptor(PLAIN, "application/vnd.oci.image.manifest.v1+json"),
                    "platform": {"os": "linux", "architecture": "amd64"},
                },
                _descriptor(IMAGE, "application/vnd.oci.image.manifest.v1+json"),
                {
                    **_descriptor(SIGNATURE, "application/vnd.oci.image.manifest.v1+json"),
                    "platform": {"os": "unknown", "architecture": "unknown"},
                },
            ],
        }
    ).encode()
)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("view")
    file = folder / "config.yml"
    data = folder / "data"
    file.write_text(
        f"version: 0.1\nstorage: {{filesystem: {{rootdirectory: {data}}}}}\n"
        f"database: {{sqlite: {{path: {data}/metadata.db}}}}\n"
    )
    asyncio.run(_fill(data))
    return file


async def _fill(data: Path) -> None:
    place = Place(data)
    try:
        for blob in (*LAYERS, CONFIG, BARE):
            await place.push_blob(NAME, blob)
        for manifest, tag in ((IMAGE, "v1"), (PLAIN, "plain"), (SIGNATURE, "signed")):
            assert await place.push_manifest(NAME, manifest, tag)
        assert await place.push_manifest(NAME, INDEX, "latest")
    finally:
        place.close()


def told(file: Path, *arguments: str) -> str:
    done = run("entrepot", *arguments, "--config", str(file))
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def document(file: Path, *arguments: str) -> Any:
    return json.loads(told(file, *arguments, "--json"))


def test_repositories_are_listed(file: Path) -> None:
    (row,) = document(file, "repository", "list")
    assert (row["repository"], row["tags"], row["manifests"]) == (NAME, 4, 4)
    assert told(file, "repository", "list").splitlines()[1].split()[:3] == [NAME, "4", "4"]


def test_the_tags_of_a_repository_are_listed(file: Path) -> None:
    rows = document(file, "image", "list", NAME)
    assert [row["tag"] for row in rows] == ["latest", "plain", "signed", "v1"]
    assert rows[-1]["digest"] == str(IMAGE.digest)
    assert (rows[-1]["pulled"], rows[-1]["pushed"][:2]) == (None, "20")
    assert str(INDEX.digest) in told(file, "image", "list", NAME)


def test_an_image_is_shown_with_its_history_and_referrers(file: Path) -> None:
    shown = document(file, "image", "show", f"{NAME}:v1")
    assert (shown["digest"], shown["tags"], shown["pulled"]) == (str(IMAGE.digest), ["v1"], None)
    (platform,) = shown["platforms"]
    assert platform["platform"] == "linux/arm64/v8"
    assert platform["size"] == sum(len(one.payload) for one in (*LAYERS, CONFIG))
    assert [step["layer"] for step in platform["history"]] == [
        str(LAYERS[0].digest),
        None,
        str(LAYERS[1].digest),
    ]
    (referrer,) = shown["referrers"]
    assert referrer["artifact_type"] == "application/vnd.example.signature"
    assert referrer["annotations"] == {"by": "carol"}
    lines = told(file, "image", "show", f"{NAME}@{IMAGE.digest}").splitlines()
    assert "linux/arm64/v8" in "\n".join(lines)
    assert any(line.endswith("…") and "RUN make && long" in line for line in lines)
    assert "1 referrer:" in lines


def test_an_index_is_shown_by_platform_and_latest_is_the_default(file: Path) -> None:
    shown = document(file, "image", "show", NAME)
    assert shown["tags"] == ["latest"]
    assert [one["platform"] for one in shown["platforms"]] == ["linux/amd64", "linux/arm64/v8"]
    bare = shown["platforms"][0]["history"]
    assert [step["layer"] for step in bare] == [str(layer.digest) for layer in LAYERS]


@pytest.mark.parametrize(
    ("image", "code", "said"),
    [
        ("no/where:v1", 1, "there is no repository no/where"),
        (f"{NAME}:v9", 1, f"repository {NAME} has no tag v9"),
        (f"{NAME}@{GONE}", 1, f"repository {NAME} has no manifest"),
        (f"{NAME}@sha256:1", 2, "sha256:1"),
        ("Team", 2, "a repository name has"),
        ("Team:v1", 2, "'Team:v1': "),
    ],
)
def test_what_is_not_there_is_said(file: Path, image: str, code: int, said: str) -> None:
    done = run("entrepot", "image", "show", image, "--config", str(file))
    assert done.returncode == code
    assert said in done.stderr


def test_who_pushed_and_when_it_was_pulled(file: Path) -> None:
    async def pull() -> None:
        with Backend(load(file, {}).settings).beside() as drivers:
            pulled = [(RepositoryName(NAME), Digest.parse(str(PLAIN.digest)))]
            await drivers.pulls.note(pulled, 1_700_000_000_000_000)

    asyncio.run(pull())
    told(file, "image", "rm", f"{NAME}:plain", "--untag", "--yes")
    told(file, "tag", "restore", f"{NAME}:plain")
    shown = document(file, "image", "show", f"{NAME}:plain")
    assert shown["pulled"].startswith("2023-11-14")
    assert shown["pushed_by"] == "operator"
