// How texts and numbers stand in what people and programs read: HTML, CSV, digits in groups. Pure
// functions; any thread.
#ifndef CAUSEWAY_SCENARIOS_TEXT_TEXT_H_
#define CAUSEWAY_SCENARIOS_TEXT_TEXT_H_

#include <string>
#include <string_view>

namespace causeway::text {

// For the text and the attributes of HTML and XML.
std::string EscapeHtml(std::string_view text);

// A field of a line of CSV, as RFC 4180 has it: between quotes where it must be.
std::string CsvField(std::string_view text);

// "1234567.00" as "1,234,567.00".
std::string Grouped(std::string decimal);

}  // namespace causeway::text

#endif  // CAUSEWAY_SCENARIOS_TEXT_TEXT_H_
