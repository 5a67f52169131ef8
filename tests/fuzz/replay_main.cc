// Runs a fuzzer's entry point over the files of its corpus, and over simple damage to each: every
// prefix, and every byte changed in three ways. Usage: NAME_fuzz FOLDER
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <system_error>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

void Run(const std::string& input) {
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
}

void RunDamaged(const std::string& input) {
  Run(input);
  for (std::size_t i = 0; i < input.size(); ++i) {
    Run(input.substr(0, i));
    for (const int mask : {0x01, 0x80, 0xff}) {
      std::string changed = input;
      changed[i] = static_cast<char>(changed[i] ^ mask);
      Run(changed);
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
    return 2;
  }
  int files = 0;
  std::error_code error;
  for (std::filesystem::directory_iterator it(argv[1], error), end; !error && it != end;
       it.increment(error)) {
    std::ifstream file(it->path(), std::ios::binary);
    const std::string input{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    RunDamaged(input);
    ++files;
  }
  if (error || files == 0) {
    std::fprintf(stderr, "no corpus in %s\n", argv[1]);
    return 1;
  }
  std::printf("%d files of %s and their damaged forms\n", files, argv[1]);
  return 0;
}
