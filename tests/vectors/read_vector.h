// Reads a file of tests/vectors, for any test. CAUSEWAY_SOURCE_DIR comes from tests/CMakeLists.txt.
#ifndef CAUSEWAY_TESTS_VECTORS_READ_VECTOR_H_
#define CAUSEWAY_TESTS_VECTORS_READ_VECTOR_H_

#include <fstream>
#include <iterator>
#include <string>

namespace causeway::testing {

// The bytes of tests/vectors/<name>; empty when there is no such file.
inline std::string ReadVector(const std::string& name) {
  std::ifstream file(std::string(CAUSEWAY_SOURCE_DIR "/tests/vectors/") + name, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace causeway::testing

#endif  // CAUSEWAY_TESTS_VECTORS_READ_VECTOR_H_
