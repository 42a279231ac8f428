"""Signs releases inside the Unix port, for tests only: RFC 8017, 8.1.1, with a key that is no secret."""

from hashlib import sha256

N = int(
    "c990a368d6f3083b8982774c51ef67b8a84b1955d2364c47438275d847ff10971384bee5a9fd1b4f8241f0e9098f6292"
    "ffca525691434f4eb4d28eb8135e4eaf71fc1196f0424a11184e5decb09aed2ef967eaf1b316abbbf9bb3e1e53689b9b"
    "7307d1de760674ecce7c0c61102f85c2d2b56240757cb41bc67c0efaec35f44ab8377d61df706b949aa57820dc535db8"
    "8d30baf720198f9321b46b6be36c9890ff58defc423c47cfbaa03809fc5cc611a20d2fc121be9782deeac1432c03b0a9"
    "df1e99588f6dbed34f08a76f3f4fa43623bedb679fa4c8ea6da401f02b9eb61a1a30d9794cbb46a8d560392fdff7dd5b"
    "3ecaedc6ab84e97c55034fa7a0a2244792da4f03ff1420304218192bfaa65622bf6b1e03e85cb4387bfb6ee3ca57e03d"
    "9b4c6992bfe4c3eee9aa4b910148cbb3a2812f1c7b896972fadba8c54400243dca46e52b54e8117c0294cda03c0a291d"
    "6d7eee0da6e9a10f6336eea7c1bdde28c341fa26f15bd846f58efb636ecb41fe4c3c5b19e44355004eca2c242b62d9e7",
    16,
)
D = int(
    "238844d6397634505288564174fc301ba44740db19288b3fd0cdd1ba63ceb9fcf7eae1c018bc4eb130743164d3539c7b"
    "ef6d9a203a91540cbae1975929c8e9341272ee22de8dc102cc771c259a6865416fa3fb0dca954786e69a3474221e01b8"
    "6089d35c55100452ae7fbdaaeab085f2f7341472ea832638f33f7160987d5668499b3696274e6918943e7133d1c33c75"
    "49267aff0f809207ccdc42478d9ada364d5d3c49d9df48857d0fbb713f3497920a302ae7efebea479ec6617556effb97"
    "55e77eef0442ae1eb64bbfb3bba335c32b29a5a85603ee70864717c391ab3176091fb4de4b064b5a6453b76fa2aaeb76"
    "9f49e1f6772c917116f15443942ad5d4f4a3fc1da97874f0796abc762ae2e3e3aa23cbd306b44b81150318f2e185e381"
    "a5317e611f04adc0943f9e03da4681898f398a15c9db9b9a61e4e1c07084f8be3e478d62d5246ab5743f1605aa7c4f85"
    "c085f5fb2b6347662cca7dc0433b6b0270a5d36ade5c39f8419e8d62f2a594d53f01d4817f19c58dfa18f83193ae5931",
    16,
)
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
    return pow(int.from_bytes(encoded, "big"), D, N).to_bytes(384, "big")
