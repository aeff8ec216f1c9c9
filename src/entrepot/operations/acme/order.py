"""Placing one order with a CA. Runs in a process of its own."""

import datetime
import logging
from pathlib import Path

import requests
from acme import challenges, client, crypto_util, errors, messages
from cryptography.hazmat.primitives.asymmetric import ec
from josepy.jwa import ES256
from josepy.jwk import JWKEC

from entrepot import __version__
from entrepot.config.tls import LetsEncryptSettings
from entrepot.operations.acme.cache import AcmeCache, private_pem
from entrepot.operations.acme.challenges import ChallengeServer

logger = logging.getLogger("entrepot.acme")

_PATIENCE = datetime.timedelta(seconds=120)


class OrderFailed(Exception):
    """No certificate was given.

    Args:
        message: why, in one sentence.
        unreachable: the CA was not reached, so it has counted no failure.
    """

    def __init__(self, message: str, *, unreachable: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.unreachable = unreachable


def fetch(settings: LetsEncryptSettings) -> Path:
    """Get a certificate for all hosts, and keep it.

    Args:
        settings: ``http.tls.letsencrypt``.

    Returns:
        The file of the new certificate.

    Raises:
        OrderFailed: there is none; what was kept before is untouched.
    """
    try:
        cache = AcmeCache(Path(settings.cachefile or "."))
        account = cache.account_key()
    except (OSError, ValueError) as error:
        raise OrderFailed(f"{settings.cachefile}: {error}") from error
    try:
        with ChallengeServer(settings.address) as server:
            key, chain = _order(settings, account, server)
            return cache.keep(settings.hosts[0], key, chain)
    except requests.RequestException as error:
        raise OrderFailed(
            f"{settings.directoryurl} cannot be reached: {_reason(error)}", unreachable=True
        ) from error
    except errors.ValidationError as error:
        raise OrderFailed(f"the CA could not verify {_failures(error)}") from error
    except errors.TimeoutError as error:
        raise OrderFailed("the CA has not answered in time") from error
    except (messages.Error, errors.Error) as error:
        raise OrderFailed(f"the CA refuses: {error}") from error
    except OSError as error:
        raise OrderFailed(f"{settings.listen} or {settings.cachefile}: {error}") from error


def _order(
    settings: LetsEncryptSettings, account: ec.EllipticCurvePrivateKey, server: ChallengeServer
) -> tuple[bytes, bytes]:
    acme = _connect(settings, account)
    key = private_pem(ec.generate_private_key(ec.SECP256R1()))
    order = acme.new_order(crypto_util.make_csr(key, domains=list(settings.hosts)))
    for authorization in order.authorizations:
        if authorization.body.status == messages.STATUS_VALID:
            continue  # of an order before
        challenge = _http_01(authorization)
        response, validation = challenge.response_and_validation(acme.net.key)
        server.answer(challenge.chall.path, validation)
        acme.answer_challenge(challenge, response)
    # The library compares with the local time.
    deadline = datetime.datetime.now() + _PATIENCE
    finished = acme.poll_and_finalize(order, deadline)
    return key, finished.fullchain_pem.encode()


def _connect(settings: LetsEncryptSettings, account: ec.EllipticCurvePrivateKey) -> client.ClientV2:
    network = client.ClientNetwork(
        JWKEC(key=account), alg=ES256, user_agent=f"entrepot/{__version__}"
    )
    if settings.directorycas is not None:
        network.verify_ssl = settings.directorycas  # type: ignore[assignment]  # as requests takes
    acme = client.ClientV2(client.ClientV2.get_directory(settings.directoryurl, network), network)
    registration = messages.NewRegistration.from_data(
        email=settings.email, terms_of_service_agreed=True
    )
    try:
        acme.new_account(registration)
    except errors.ConflictError as known:
        network.account = messages.RegistrationResource(uri=known.location, body=registration)
    return acme


def _http_01(authorization: messages.AuthorizationResource) -> messages.ChallengeBody:
    for challenge in authorization.body.challenges:
        if isinstance(challenge.chall, challenges.HTTP01):
            return challenge
    raise errors.Error(f"no http-01 challenge for {authorization.body.identifier.value}")


def _failures(error: errors.ValidationError) -> str:
    found = []
    for authorization in error.failed_authzrs:
        reasons = [str(one.error.detail) for one in authorization.body.challenges if one.error]
        found.append(f"{authorization.body.identifier.value} ({'; '.join(reasons)})")
    return ", ".join(found)


def _reason(error: requests.RequestException) -> str:
    reason: BaseException = error
    while reason.__context__ is not None:
        reason = reason.__context__
    return str(reason) or type(reason).__name__
