"""The include graph is the architecture: fails on an #include against the arrows of src/CMakeLists.txt, and on a
library header outside the folder that owns it. Checks itself first on lines that must fail."""
import os
import re
import sys
from pathlib import Path

ALLOWED = {
    "base": {"base"},
    "forecast": {"base", "forecast"},
    "engine": {"base", "forecast", "engine"},
    "codec": {"base", "codec"},
    "io": {"base", "io"},
    "app": {"base", "forecast", "engine", "codec", "io", "app"},
}
EXTRA = {"codec": {"engine/message.h"}}

# Headers of libraries, and the folders (or single files) that may include them. C and POSIX headers are free,
# apart from what would bring the outside world into the pure folders.
LIBRARIES = [
    (r"avro(\.h|/)", {"codec"}),
    (r"jansson\.h", {"codec", "io", "app"}),
    (r"librdkafka/|rdkafka", {"io", "app"}),
    (r"event2?/|event\.h|evhttp", {"io"}),
    (r"lmdb\.h", {"io"}),
    (r"curl/", {"io"}),
    (r"openssl/", {"io", "app"}),
    (r"gsl/", {"forecast"}),
    (r"xgboost/", {"forecast"}),
    (r"syslog\.h", set()),
    (r"pthread\.h", {"base", "forecast", "io", "app"}),  # forecast: walk-forward over origins, copies only
    (r"sys/socket\.h|netinet/|unistd\.h|fcntl\.h|time\.h|sys/time\.h", {"base", "io", "app"}),
]

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')


def complaint(folder, line):
    """What is wrong with one line of a file in src/<folder>, or None."""
    match = INCLUDE.match(line)
    if not match:
        return None
    quoted, header = match.group(1) == '"', match.group(2)
    if quoted:
        if "/" not in header:
            return None if header.endswith(".inc") else f'"{header}" must be named from src/ ("{folder}/{header}")'
        target = header.split("/")[0]
        if ".." in header:
            return f'"{header}" leaves the folder by ..'
        if target in ALLOWED[folder] or header in EXTRA.get(folder, set()):
            return None
        return f'{folder}/ may not include "{header}"'
    for pattern, folders in LIBRARIES:
        if re.match(pattern, header) and folder not in folders:
            return f"{folder}/ may not include <{header}>"
    return None


def forbidden_call(folder, line):
    """The pure folders never print, log or end the process."""
    if folder not in ("forecast", "engine", "codec"):
        return None
    code = line.split("//")[0]
    if re.search(r"(?<![\w.>])(printf|puts|fprintf|exit|abort|log_event|log_begin)\s*\(", code):
        return f"{folder}/ never prints, logs or exits"
    return None


def check_itself():
    must_fail = [
        ("base", '#include "engine/engine.h"'), ("forecast", '#include "engine/message.h"'),
        ("engine", '#include "codec/codec.h"'), ("engine", '#include "io/loop.h"'), ("codec", '#include "engine/engine.h"'),
        ("io", '#include "engine/message.h"'), ("io", '#include "app/config.h"'), ("app", "#include <avro.h>"),
        ("engine", "#include <librdkafka/rdkafka.h>"), ("engine", "# include <time.h>"), ("forecast", '#include "../engine/x.h"'),
        ("forecast", '#include "yoy.h"'), ("io", "#include <avro/legacy.h>"), ("app", "#include <syslog.h>"),
    ]
    must_pass = [
        ("codec", '#include "engine/message.h"'), ("codec", "#include <avro.h>"), ("app", '#include "io/loop.h"'),
        ("engine", '#include "forecast/yoy.h"'), ("base", "#include <time.h>"), ("forecast", "#include <math.h>"),
    ]
    for folder, line in must_fail:
        assert complaint(folder, line), f"the check is blind to {line} in {folder}"
    for folder, line in must_pass:
        assert not complaint(folder, line), f"the check wrongly refuses {line} in {folder}"
    assert forbidden_call("engine", '    printf("x");') and forbidden_call("codec", "exit(1);")
    assert not forbidden_call("engine", "buffer_printf(b, x)") and not forbidden_call("app", "exit(1);")
    return len(must_fail) + len(must_pass)


def main():
    checked = check_itself()
    root = Path(os.environ.get("STORECAST_SOURCE", Path(__file__).resolve().parents[2])) / "src"
    files, problems = 0, []
    for path in sorted(root.glob("*/*.[ch]")):
        folder = path.parent.name
        if folder not in ALLOWED:
            problems.append(f"{path}: the folder {folder} is no layer")
            continue
        files += 1
        for number, line in enumerate(path.read_text().splitlines(), 1):
            wrong = complaint(folder, line) or forbidden_call(folder, line)
            if wrong:
                problems.append(f"src/{folder}/{path.name}:{number}: {wrong}")
    print("\n".join(problems))
    print(f"{files} files, {checked} self-checks, {len(problems)} problems")
    return 1 if problems or files == 0 else 0


sys.exit(main())
