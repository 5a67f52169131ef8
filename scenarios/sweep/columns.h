// What the columns of a sweep's results are by their names (docs/formats/sweep.md).
#ifndef CAUSEWAY_SCENARIOS_SWEEP_COLUMNS_H_
#define CAUSEWAY_SCENARIOS_SWEEP_COLUMNS_H_

#include <string_view>

namespace causeway::sim {

// The currency before the name of an indicator of one currency, "EUR" of "EUR.delay"; else empty.
std::string_view CurrencyOfColumn(std::string_view name);

// Whether a column, of a currency or not, lies between 0 and 1; is an amount of money; or, as these
// and times do, has no values below 0.
bool IsShareColumn(std::string_view name);
bool IsAmountColumn(std::string_view name);
bool IsNeverNegative(std::string_view name);

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_SWEEP_COLUMNS_H_
