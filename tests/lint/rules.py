"""The rules that layering.py checks: who may include and link whom, and what pure code may not do.

The picture that these tables spell out is in docs/architecture.md. Paths are relative to the root.
"""

# Outside libraries, by how their headers begin. Headers of POSIX are "posix", of C++ "std".
EXTERNAL_PREFIXES = {
    "absl/": "absl",
    "fmt/": "fmt",
    "openssl/": "openssl",
    "google/protobuf/": "protobuf",
    "grpcpp/": "grpc",
    "grpc/": "grpc",
    "lmdb.h": "lmdb",
    "xxhash.h": "xxhash",
    "CLI/": "cli11",
    "nlohmann/": "json",
}

# The parts of Abseil that the core may use; everything above may use any.
CORE_ABSL = ("absl/container/", "absl/hash/", "absl/status/", "absl/strings/", "absl/numeric/")

# Unit -> what its files may include, besides themselves, C++ and what is listed in COMMON.
# A unit is a folder, or the part of a folder that unit_of in layering.py names.
COMMON = {"settlement/core", "absl", "fmt"}
UNITS = {
    "settlement/core": {"openssl"},
    "settlement/codec": {"proto", "protobuf"},
    "settlement/csv": set(),
    "settlement/liquidity": set(),
    "settlement/store": {"xxhash"},
    "settlement/store/key_runs": {"settlement/store", "posix"},
    "settlement/store/lmdb": {"settlement/store", "lmdb", "posix"},
    "settlement/rpc": {"settlement/codec", "proto", "proto-grpc", "protobuf", "grpc", "posix"},
    "settlement/rpc/flags": {"settlement/rpc", "cli11"},
    "settlement/client": {"settlement/codec", "settlement/rpc", "proto", "proto-grpc", "protobuf",
                          "grpc", "posix"},
    "central-bank-node/engine": {"settlement/codec", "settlement/liquidity", "settlement/store"},
    "central-bank-node/witness": {"settlement/codec", "settlement/store"},
    "central-bank-node/runtime": {
        "central-bank-node/engine", "central-bank-node/witness", "settlement/codec",
        "settlement/liquidity", "settlement/store", "settlement/store/key_runs",
        "settlement/store/lmdb", "settlement/rpc", "proto", "proto-grpc", "protobuf", "grpc",
        "posix"},
    "central-bank-node": {"central-bank-node/runtime", "settlement/rpc", "settlement/rpc/flags",
                          "cli11", "posix"},
    "fx-bridge/pvp": set(),
    "fx-bridge/liquidity": set(),
    "fx-bridge/queue": {"fx-bridge/liquidity"},
    "fx-bridge/venues": {"settlement/codec"},
    "fx-bridge/engine": {"fx-bridge/pvp", "fx-bridge/queue", "fx-bridge/venues", "settlement/codec",
                         "settlement/store"},
    "fx-bridge/runtime": {
        "fx-bridge/engine", "fx-bridge/pvp", "fx-bridge/queue", "fx-bridge/venues",
        "settlement/codec", "settlement/store", "settlement/store/key_runs",
        "settlement/store/lmdb", "settlement/rpc",
        "settlement/client", "proto", "proto-grpc", "protobuf", "grpc", "openssl", "posix"},
    "fx-bridge": {"fx-bridge/runtime", "settlement/rpc", "settlement/rpc/flags", "cli11", "posix"},
    "observer/verifier": {"settlement/codec", "settlement/liquidity"},
    "observer/runtime": {
        "observer/verifier", "settlement/codec", "settlement/store", "settlement/store/lmdb",
        "settlement/rpc", "settlement/client", "proto", "proto-grpc", "protobuf", "grpc", "json",
        "posix"},
    "observer": {"observer/runtime", "settlement/rpc", "settlement/rpc/flags", "cli11", "posix"},
    "wallet-cli": {"settlement/client", "settlement/codec", "settlement/csv", "cli11", "json",
                   "posix"},
    "scenarios/spec": {"scenarios/study", "fx-bridge/queue", "settlement/codec",
                       "settlement/liquidity", "proto", "protobuf"},
    "scenarios/text": set(),
    "scenarios/page": {"scenarios/text", "json"},
    "scenarios/report": {"scenarios/spec", "scenarios/page", "scenarios/text", "scenarios/study",
                         "scenarios/study_page", "settlement/codec", "json"},
    "scenarios/mechanisms": {"scenarios/spec", "fx-bridge/liquidity", "fx-bridge/queue"},
    "scenarios/simulator": {
        "scenarios/mechanisms",
        "scenarios/spec", "scenarios/study", "scenarios/report", "central-bank-node/engine",
        "central-bank-node/witness", "fx-bridge/engine", "fx-bridge/pvp", "fx-bridge/venues", "observer/verifier", "settlement/codec",
        "settlement/liquidity", "settlement/store", "proto", "protobuf", "json"},
    "scenarios/explore": {
        "scenarios/spec", "scenarios/simulator", "proto", "protobuf", "posix"},
    "scenarios/study": {"scenarios/text", "settlement/codec", "settlement/csv", "settlement/liquidity", "proto", "protobuf", "json"},
    "scenarios/study_page": {"scenarios/study", "scenarios/page", "scenarios/text",
                             "settlement/liquidity"},
    "scenarios/sweep": {
        "scenarios/spec", "scenarios/page", "scenarios/report", "scenarios/simulator",
        "scenarios/explore", "scenarios/study", "scenarios/text", "settlement/liquidity", "proto", "protobuf", "json",
        "posix"},
    "scenarios/live": {
        "scenarios/spec", "scenarios/report", "settlement/codec", "settlement/rpc",
        "settlement/client", "proto", "proto-grpc", "protobuf", "grpc", "openssl", "posix",
        "json"},
    "scenarios/load": {"scenarios/text", "settlement/codec", "settlement/rpc", "settlement/client",
                       "posix", "json", "cli11"},
    "scenarios": {"scenarios/spec", "scenarios/page", "scenarios/report", "scenarios/simulator",
                  "scenarios/explore", "scenarios/sweep", "scenarios/study", "scenarios/study_page",
                  "scenarios/live",
                  "settlement/liquidity", "cli11", "json", "posix"},
}

# CMake target of ours -> what it must not reach, however indirectly. Prefixes end in "*".
FORBIDDEN_LINKS = {
    "causeway_core": ["causeway_*", "PkgConfig::LMDB", "gRPC::*", "protobuf::*"],
    "causeway_codec": ["PkgConfig::LMDB", "gRPC::*", "causeway_proto_grpc", "causeway_store*"],
    "causeway_liquidity": ["PkgConfig::LMDB", "gRPC::*", "protobuf::*", "causeway_codec",
                           "causeway_store*"],
    "causeway_store": ["PkgConfig::LMDB", "gRPC::*", "protobuf::*"],
    "causeway_client": ["PkgConfig::LMDB", "causeway_store*", "causeway_node*", "causeway_bridge*"],
    "causeway_node_engine": ["PkgConfig::LMDB", "gRPC::*"],
    "causeway_witness": ["PkgConfig::LMDB", "gRPC::*", "causeway_node*", "causeway_bridge*",
                         "causeway_pvp"],
    "causeway_bridge_engine": ["PkgConfig::LMDB", "gRPC::*"],
    "causeway_pvp": ["PkgConfig::LMDB", "gRPC::*", "protobuf::*", "causeway_store*"],
    "causeway_fx_liquidity": ["PkgConfig::LMDB", "gRPC::*", "protobuf::*", "causeway_codec",
                              "causeway_store*"],
    "causeway_fx_queue": ["PkgConfig::LMDB", "gRPC::*", "protobuf::*", "causeway_codec",
                          "causeway_store*"],
    "causeway_fx_venues": ["PkgConfig::LMDB", "gRPC::*", "causeway_proto_grpc", "causeway_store*"],
    "causeway_verifier": ["PkgConfig::LMDB", "gRPC::*", "causeway_node*", "causeway_bridge*",
                          "causeway_pvp", "causeway_fx_venues"],
    "causeway-observer": ["causeway_node*", "causeway_bridge*", "causeway_pvp",
                          "causeway_fx_venues"],
    "causeway_wallet_commands": ["PkgConfig::LMDB", "causeway_store*", "causeway_node*",
                                 "causeway_bridge*"],
    "causeway_simulator": ["PkgConfig::LMDB", "causeway_store_key_runs", "gRPC::*",
                           "causeway_proto_grpc", "causeway_rpc"],
    "causeway_explore": ["PkgConfig::LMDB", "causeway_store_key_runs", "gRPC::*",
                         "causeway_proto_grpc", "causeway_rpc"],
    "causeway_live": ["PkgConfig::LMDB", "causeway_node*", "causeway_bridge*",
                      "causeway_verifier", "causeway_observer*"],
    "causeway_load": ["PkgConfig::LMDB", "causeway_store*", "causeway_node*", "causeway_bridge*"],
}

# Units that must be a function of their inputs alone, so that a run replays bit for bit.
DETERMINISTIC = {
    "settlement/core", "settlement/codec", "settlement/liquidity", "central-bank-node/engine",
    "central-bank-node/witness", "fx-bridge/pvp",
    "fx-bridge/venues", "fx-bridge/liquidity", "fx-bridge/queue", "fx-bridge/engine",
    "observer/verifier", "scenarios/spec", "scenarios/simulator", "scenarios/study",
    "scenarios/mechanisms", "scenarios/text",
}
# Of those, the ones that handle money: no floating point at all.
EXACT = DETERMINISTIC - {"scenarios/spec", "scenarios/simulator"}

# Rule -> pattern, looked for in code without comments and strings.
BANNED_IN_DETERMINISTIC = {
    "wall-clock": r"\b(system_clock|steady_clock|high_resolution_clock|gettimeofday|clock_gettime"
                  r"|timespec_get|localtime(_r)?)\b"
                  r"|(?<![\w.>])(std::)?time\s*\(\s*(nullptr|NULL|0|&)",
    "randomness": r"\brandom_device\b|\bstd::\w+_distribution\b|(?<![\w.>:])s?rand\s*\("
                  r"|\bstd::(shuffle|sample)\b|#include <random>|\bRAND_bytes\b",
    "threads": r"\bthread_local\b|#include <(thread|mutex|shared_mutex|condition_variable|future"
               r"|atomic|stop_token)>",
    "environment": r"\b(secure_)?getenv\s*\(",
}
FLOATING_POINT = r"\b(double|float|long double|stod|stof|strtod)\b"

# (file, rule): why it is allowed. An entry that no longer applies is an error too.
EXCEPTIONS = {
    ("settlement/core/huge_pages.cc", "include"):
        "asks the system for large pages: advice about memory, which shows in no result",
    ("settlement/core/hash.cc", "threads"):
        "a MAC context per thread, set anew before every use: no state passes between calls",
    ("settlement/core/suite.h", "threads"):
        "signatures are verified in parallel; the lock guards a cache of parsed keys, whose "
        "content never shows in a result",
    ("settlement/core/remembering_verifier.h", "threads"):
        "signatures are verified in parallel; the lock guards what verified before, which never "
        "shows in a result",
    ("central-bank-node/engine/ledger_engine.h", "threads"):
        "the steps of a batch may overlap with those of the next; the locks guard what is sealed "
        "and durable, and every step gives the same whoever runs it",
    ("central-bank-node/engine/log_reads.h", "threads"):
        "queries run beside each other, each with what was read of the log for it; it says when a "
        "query reads, not what it answers",
    ("central-bank-node/engine/indexed_instructions.h", "threads"):
        "what is durable is told by the thread that synced; the lock guards when memory is given "
        "back, which shows in no answer",
}

# Design: the layout of the root.
TOP_LEVEL = {
    "CMakeLists.txt", "settlement", "fx-bridge", "central-bank-node", "wallet-cli", "scenarios",
    "tests", "docs", "README.md", "LICENSE", "CMakePresets.json", ".clang-format", ".clang-tidy",
    ".gitignore", ".ci", "dev", "proto", "observer",
}

FILE_LINES_MAX = 700
