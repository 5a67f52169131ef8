// How banks and payments are named, and how payments rank.
#ifndef CAUSEWAY_SETTLEMENT_LIQUIDITY_IDS_H_
#define CAUSEWAY_SETTLEMENT_LIQUIDITY_IDS_H_

#include <cstdint>
#include <limits>

namespace causeway::liquidity {

// The place of a bank in the engine's arrays: 0 .. banks - 1, as given at creation.
using BankIndex = std::uint32_t;
// Payments are numbered 0, 1, 2, ... in the order of Engine::Submit, refused ones included. The
// number is therefore also the order of arrival.
using PaymentId = std::uint32_t;
inline constexpr PaymentId kNoPayment = std::numeric_limits<PaymentId>::max();

inline constexpr std::uint32_t kBanksMax = 1'000'000;
inline constexpr std::uint32_t kPaymentsMax = 1'000'000'000;
// Everything that an engine adds up stays within this: the funds and collateral of all banks and
// the value of all payments that wait. What would pass it is refused, so no sum can overflow.
inline constexpr std::int64_t kTotalMinorMax = std::int64_t{1} << 60;

// As T2 names them. A system with two levels uses kUrgent and kNormal.
enum class Priority : std::uint8_t { kUrgent = 0, kHigh = 1, kNormal = 2 };
inline constexpr int kPriorities = 3;

}  // namespace causeway::liquidity

#endif  // CAUSEWAY_SETTLEMENT_LIQUIDITY_IDS_H_
