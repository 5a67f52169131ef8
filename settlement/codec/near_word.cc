#include "settlement/codec/near_word.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace causeway::codec {
namespace {

constexpr std::size_t kLettersMax = 2;
// Words beyond it are no names of anything: the comparison takes the product of the lengths.
constexpr std::size_t kWordBytesMax = 100;

char Small(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

}  // namespace

std::size_t LettersBetween(std::string_view left, std::string_view right, std::size_t most) {
  std::vector<std::size_t> row(right.size() + 1);
  for (std::size_t j = 0; j <= right.size(); ++j) row[j] = j;
  for (std::size_t i = 0; i < left.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < right.size(); ++j) {
      const std::size_t changed = diagonal + (Small(left[i]) == Small(right[j]) ? 0 : 1);
      diagonal = std::exchange(row[j + 1], std::min({row[j] + 1, row[j + 1] + 1, changed}));
    }
  }
  return std::min(row.back(), most + 1);
}

std::size_t NearestWord(std::string_view word, std::span<const std::string> known) {
  if (word.size() > kWordBytesMax) return known.size();
  std::size_t nearest = known.size();
  std::size_t least = kLettersMax + 1;
  for (std::size_t i = 0; i < known.size(); ++i) {
    const std::size_t letters = LettersBetween(word, known[i], kLettersMax);
    if (letters >= least) continue;
    least = letters;
    nearest = i;
  }
  return nearest;
}

}  // namespace causeway::codec
