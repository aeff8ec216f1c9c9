import pytest

from entrepot.oci.image_name import ImageName, parse_docker_name, parse_ref_name

DIGEST = f"sha256:{'0' * 64}"


@pytest.mark.parametrize(
    ("text", "repository", "tag"),
    [
        ("latest", None, "latest"),
        ("1.0", None, "1.0"),
        ("team/app:1.0", "team/app", "1.0"),
        ("app:1.0", "app", "1.0"),
        ("team/app", "team/app", None),
        (f"team/app@{DIGEST}", "team/app", None),
        (f"app@{DIGEST}", "app", None),
        (f"app:1.0@{DIGEST}", "app", "1.0"),
        ("my.org/app:1", "my.org/app", "1"),
    ],
)
def test_a_reference_name_of_a_layout(text: str, repository: str | None, tag: str | None) -> None:
    assert parse_ref_name(text) == ImageName(repository, tag)


@pytest.mark.parametrize(
    ("text", "repository", "tag"),
    [
        ("hello-world:latest", "hello-world", "latest"),
        ("docker.io/library/hello-world:latest", "hello-world", "latest"),
        ("docker.io/team/app:1", "team/app", "1"),
        ("registry.example:5000/team/app:1", "team/app", "1"),
        ("registry.example:5000/app", "app", None),
        ("localhost/app:1", "app", "1"),
        ("localhost:5000/library/app:1", "library/app", "1"),
        ("team/app:1", "team/app", "1"),
        (f"registry.example/app@{DIGEST}", "app", None),
    ],
)
def test_a_name_as_docker_writes_it_loses_its_registry(
    text: str, repository: str, tag: str | None
) -> None:
    assert parse_docker_name(text) == ImageName(repository, tag)
