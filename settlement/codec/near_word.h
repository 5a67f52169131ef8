// Which known word somebody meant who wrote another: for messages about what is misspelt. Pure.
#ifndef CAUSEWAY_SETTLEMENT_CODEC_NEAR_WORD_H_
#define CAUSEWAY_SETTLEMENT_CODEC_NEAR_WORD_H_

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace causeway::codec {

// Letters to change, insert or leave out until one word is the other; large and small letters are
// the same. `most` + 1 for more than `most`. Time is the product of the lengths.
std::size_t LettersBetween(std::string_view left, std::string_view right, std::size_t most);

// The place in `known` of the nearest word, the first of several that are as near; `known.size()`
// when none is within two letters.
std::size_t NearestWord(std::string_view word, std::span<const std::string> known);

}  // namespace causeway::codec

#endif  // CAUSEWAY_SETTLEMENT_CODEC_NEAR_WORD_H_
