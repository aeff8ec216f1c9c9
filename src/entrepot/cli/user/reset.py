"""``entrepot user reset``."""

from entrepot.cli.administration import AsJson, administer
from entrepot.cli.arguments import ConfigOption, Defaults
from entrepot.cli.output import result, say
from entrepot.cli.password_input import PasswordStdin, RandomPassword, ask_password
from entrepot.cli.tables import print_json
from entrepot.cli.user.name import UserName


def reset(
    name: UserName,
    password_stdin: PasswordStdin = False,
    random_password: RandomPassword = False,
    config: ConfigOption = None,
    defaults: Defaults = False,
    as_json: AsJson = False,
) -> None:
    """Give a user another password; asks for it. A lost administrator's is reset so, too."""
    administer(config, defaults, lambda tools: tools.users.get(name))
    password = ask_password(name, from_stdin=password_stdin, random=random_password)
    administer(config, defaults, lambda tools: tools.users.reset(name, password))
    made = {"made_password": password} if random_password else {}
    if as_json:
        print_json({"name": name, **made})
        return
    say(f"user {name} has another password")
    if made:
        result(password)
