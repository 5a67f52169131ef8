// What characters the text formats allow. Pure functions; use from any thread.
#ifndef CAUSEWAY_SETTLEMENT_CORE_TEXT_RULES_H_
#define CAUSEWAY_SETTLEMENT_CORE_TEXT_RULES_H_

#include <cstddef>
#include <string_view>

namespace causeway::core {

// Whether `text` is well-formed UTF-8 (no overlong forms, no surrogates, nothing above U+10FFFF)
// without ASCII control characters (below U+0020), newline excepted when `newlines`.
bool IsPlainText(std::string_view text, bool newlines);

// Whether well-formed UTF-8 `text` has a character of the Unicode property White_Space.
bool HasUnicodeSpace(std::string_view text);

// Characters (Unicode scalar values) of well-formed UTF-8 `text`: what limits of texts count.
std::size_t CountCharacters(std::string_view text);

// The beginning of `text`, of at most `bytes_max` bytes, that does not end within a character of
// UTF-8. For what others say, so that they do not decide how much of it is kept.
std::string_view CutText(std::string_view text, std::size_t bytes_max);

}  // namespace causeway::core

#endif  // CAUSEWAY_SETTLEMENT_CORE_TEXT_RULES_H_
