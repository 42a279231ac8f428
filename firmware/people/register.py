"""Joins all that says who may open: the operator's list, what residents have set, and the leases."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from people.leases import Leases
    from people.residents import Residents
    from roll.credentials import Credentials


class Register:
    """The three together, for those who need them all; `shared` says whether it is a house's door."""

    def __init__(
        self, credentials: "Credentials", residents: "Residents", leases: "Leases", shared: bool = False
    ) -> None:
        self.credentials, self.residents, self.leases, self.shared = credentials, residents, leases, shared
