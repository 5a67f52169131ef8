#!/usr/bin/python3
"""Shows that layering.py passes a good tree and fails on each kind of bad one."""

import unittest

import layering
import rules
from temporary_tree import tree

GOOD = {
    "CMakeLists.txt": "add_subdirectory(settlement)\n",
    "settlement/core/CMakeLists.txt": "causeway_library(causeway_core DEPS OpenSSL::Crypto)\n",
    "settlement/core/a.h":
        "#ifndef CAUSEWAY_SETTLEMENT_CORE_A_H_\n#define CAUSEWAY_SETTLEMENT_CORE_A_H_\n"
        "#include <string>\n#include <openssl/evp.h>\n"
        '#include "absl/container/flat_hash_map.h"\n'
        "// std::random_device in a comment and time(nullptr) are harmless\n"
        'const char* kText = "double std::thread";\n'
        "absl::flat_hash_map<int, std::vector<int>> by_id;\n#endif\n",
    "settlement/core/a.cc": '#include "settlement/core/a.h"\nint at = by_id.at(3)[0];\n'
                            "long v = ledger.time() + valid_time(0);\n",
    "settlement/store/CMakeLists.txt":
        "causeway_library(causeway_store DEPS causeway_core EXCLUDE \"/lmdb_\")\n"
        "add_library(causeway_store_lmdb STATIC x.cc)\n"
        "target_link_libraries(causeway_store_lmdb PRIVATE PkgConfig::LMDB PUBLIC causeway_store)\n",
    "settlement/store/lmdb_journal.cc":
        '#include <lmdb.h>\n#include <unistd.h>\n#include "settlement/core/a.h"\n',
    "tests/core/a_test.cc": "#include <gtest/gtest.h>\n#include <thread>\ndouble d;\n",
}

# Kind of violation -> (file, its content, what the report says).
BAD = {
    "core includes protobuf":
        ("settlement/core/b.cc", "#include <google/protobuf/message.h>\n", "include"),
    "core includes another module":
        ("settlement/core/b.cc", '#include "settlement/store/journal.h"\n', "include"),
    "core includes POSIX": ("settlement/core/b.cc", "#include <unistd.h>\n", "include"),
    "core includes a part of Abseil that it may not":
        ("settlement/core/b.cc", '#include "absl/synchronization/mutex.h"\n', "include"),
    "codec includes gRPC stubs":
        ("settlement/codec/b.cc", '#include "causeway/v1/ledger_service.grpc.pb.h"\n', "include"),
    "store includes LMDB outside lmdb_*":
        ("settlement/store/b.cc", "#include <lmdb.h>\n", "include"),
    "the node's engine includes the LMDB journal":
        ("central-bank-node/engine/b.cc", '#include "settlement/store/lmdb_journal.h"\n',
         "include"),
    "the simulator includes gRPC":
        ("scenarios/simulator/b.cc", "#include <grpcpp/server.h>\n", "include"),
    "the simulator includes the live runner":
        ("scenarios/simulator/b.cc", '#include "scenarios/live/corridor.h"\n', "include"),
    "the observer includes the operator's code":
        ("observer/runtime/b.cc", '#include "central-bank-node/engine/ledger_engine.h"\n',
         "include"),
    "the verifier includes the coordinator":
        ("observer/verifier/b.cc", '#include "fx-bridge/pvp/coordinator.h"\n', "include"),
    "the wallet includes gRPC": ("wallet-cli/b.cc", "#include <grpcpp/channel.h>\n", "include"),
    "the clock of the system":
        ("settlement/core/b.cc", "auto t = std::chrono::system_clock::now();\n", "wall-clock"),
    "time()": ("fx-bridge/pvp/b.cc", "long t = time(nullptr);\n", "wall-clock"),
    "a random device":
        ("scenarios/simulator/b.cc", "std::random_device device;\n", "randomness"),
    "a distribution of the standard library":
        ("scenarios/simulator/b.cc", "std::normal_distribution<> d;\n", "randomness"),
    "a thread": ("observer/verifier/b.cc", "#include <thread>\n", "threads"),
    "a lock": ("central-bank-node/engine/b.cc", "#include <mutex>\n", "threads"),
    "the environment": ("settlement/core/b.cc", 'auto p = getenv("HOME");\n', "environment"),
    "floating-point money": ("settlement/core/b.cc", "double amount = 0.1;\n", "floating-point"),
    "a loop over a hash container":
        ("settlement/core/b.cc", "void F() { for (const auto& [k, v] : state.by_id) G(k); }\n",
         "hash-iteration"),
    "an iterator of a hash container":
        ("settlement/core/b.cc", "auto i = by_id.begin();\n", "hash-iteration"),
    "a long file": ("settlement/core/b.cc", "\n" * (rules.FILE_LINES_MAX + 1), "file-length"),
    "an open mark": ("settlement/core/b.cc", "// TO" "DO: more\n", "open-mark"),
    "a wrong header guard":
        ("settlement/core/b.h", "#ifndef B_H\n#define B_H\n#endif\n", "header-guard"),
    "a folder that is no module": ("settlement/extras/b.cc", "int x;\n", "placement"),
    "a stray file in the root": ("notes.txt", "x\n", "top-level"),
    "a stray folder in the root": ("libs/x.txt", "x\n", "top-level"),
    "the simulator links LMDB through others":
        ("scenarios/simulator/CMakeLists.txt",
         "causeway_library(causeway_simulator DEPS causeway_middle)\n"
         "causeway_library(causeway_middle DEPS causeway_store_lmdb)\n",
         "causeway_simulator -> causeway_middle -> causeway_store_lmdb -> PkgConfig::LMDB"),
    "core links a module":
        ("settlement/core/CMakeLists.txt", "causeway_library(causeway_core DEPS causeway_codec)\n",
         "causeway_core -> causeway_codec"),
    "an exception that nothing needs":
        ("settlement/core/hash.cc", "int no_thread_here;\n", "exception"),
}


class LayeringTest(unittest.TestCase):
    def test_a_good_tree_passes(self):
        with tree(GOOD) as root:
            self.assertEqual(layering.Checker(root).run(), [])

    def test_each_kind_of_bad_tree_fails_for_its_reason_only(self):
        for kind, (path, content, expected) in BAD.items():
            with self.subTest(kind), tree({**GOOD, path: content}) as root:
                violations = layering.Checker(root).run()
                self.assertEqual(len(violations), 1, violations)
                self.assertIn(expected, violations[0])

    def test_every_exception_gives_a_reason(self):
        for key, reason in rules.EXCEPTIONS.items():
            self.assertGreater(len(reason), 20, key)


if __name__ == "__main__":
    unittest.main()
