"""Signs releases inside the Unix port, for tests only: RFC 8017, 8.1.1, with a key that is no secret."""

from hashlib import sha256

# the two primes, and what a signature takes of them (RFC 8017, 3.2): a quarter of the time that D would take
P = int(
    "feee5667219278bdf5d0676f94f3538b98805868d2829f1e5220ec05bc3f71a2817114c2ebfc1266bdad0dcf44276a18"
    "94d589aedea3426a84497b5c34c97d92eca520ec5aacafdbe7f5466048ad80515d75f61cae848d15ae8c237c2161f7de"
    "30fc729d1b2e2b072f950c7b7bd3aeb5a00d4a71ce35c67d52ff53f6576894f8dedb0847d80a8aaa013617e7432646d7"
    "a4a0e19d2ec883fb1656a24ca63f11ea1c9f355785726d23fcf42490364d15b5866c637b6fe8fc31f2341d77246cef0f",
    16,
)
Q = int(
    "ca69037dc1943971b817e048cdd0dc7abfc96271ca5038a2307b92a7a3955aa49c3bd5dd00c3abfd2442f0cdd3aa0629"
    "2fd49cd574393b84c432699fdbd3d21330add6fe804e0928ef6a330e2f96b2f8d8c33ba68e15b48b726166e1dae3ab9f"
    "aeab44a819e4a5f372e79da001cdedfdf874f8de438de1b6a00e10384873fd31a9c4fe23ef935d578e9eb8741d1ec81a"
    "0ad17384d8dd50031f80a07f83bcb43a50be1c7a1d8315045b59346f48b38af3440136fc598e9ad8408e78fb401667a9",
    16,
)
DP = int(
    "76fecb68025cbb6d78135a64d4332c5929cb26f96ee1b7e25055bbb605a3dba80e21b99e2ec70fd3d34fb6f57b8ba653"
    "690dafe1e75c6f8106d4c1f74d508c040be01c59170e2a5c4c8ec9d5e1b6d301a7cd8b1ee23b4f1bc2c8f93b54ddc4f4"
    "7b0b2b78b81a39cd75e16ddd29f4aa456f3b24f7b0589b991e27be8a6b4c8ed50839574929c7e9e7e6fed7f383fd96ed"
    "cb93a91c549d16361abc3fafe59de4ffd1726354c21ea2613d0ebd0e6fba559ad0ef41147a2d57a2fcba64d29b3719f3",
    16,
)
DQ = int(
    "54b2dce322be03cbb25d4b5d2bc2da8003012250bb78163ac84eed6f78e466a9bb36cea74c4a950db8beca4556ed2ee6"
    "cd3d0ae3c75eaba942f05582af5a53edf3d0cac674aa32eb0e4442590d50e2537f6132f4df3ff5ece4501ddd24db6055"
    "d1a199793e5c8f94efe03bf558cbf36af32cff77028dbc85cf34135579fc0f5758d33605939af6d44cb9de35b879c902"
    "1cc4c8b22e8d6d8de100d22889d7cd1319f673b425e554461e73959d7baea5d665fe9c23bcd60fb5ae4df012331f2d01",
    16,
)
Q_INVERSE = int(
    "63b37d47bfd5ebfb03f849c7a37365ed82a416922b8a3069c7d3a4150f07397dbc4cd9448033d4487a008b3a07d7e8c7"
    "59a9f4859f8c273eefb3df05cf137173bc36000e789bf5938620ffca4cee603ec1dee52440297fb7df8aebe89d321c63"
    "ffa2af7fad79ffdeb1914ddfee310dbd041ea39b31e7fca704cb66cf99acae9a73a9ecd01677ca7cc09eaea87eb6ef7f"
    "db023b470fd356379ea0a362a5e43c83b7a9b394d7dd2701290f3608e9f33d08b2d9b810cea9bba2bb48c25028abaf38",
    16,
)
N = P * Q
MODULUS = N.to_bytes(384, "big")
KEY_ID = bytes.fromhex("509ed59c6f2fffb7")  # any eight bytes


def sign(message, salt=bytes(32), zeros=0, separator=1, trailer=0xBC):
    """The signature; the rest but `salt` are mistakes to make."""
    inner = sha256(bytes(8) + sha256(message).digest() + salt).digest()
    data = bytearray(351 - 1 - len(salt)) + bytes((separator,)) + salt
    if zeros:
        data[zeros] = 1
    mask = b"".join(sha256(inner + n.to_bytes(4, "big")).digest() for n in range(11))
    masked = bytearray(a ^ b for a, b in zip(data, mask))
    masked[0] &= 0x7F
    encoded = bytes(masked) + inner + bytes((trailer,))
    number = int.from_bytes(encoded, "big")
    by_q = pow(number % Q, DQ, Q)
    by_p = pow(number % P, DP, P)
    return (by_q + Q * ((by_p - by_q) * Q_INVERSE % P)).to_bytes(384, "big")  # RFC 8017, 5.2.1
