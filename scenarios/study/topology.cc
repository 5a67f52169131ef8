#include <algorithm>

#include "absl/container/flat_hash_set.h"
#include "fmt/format.h"
#include "scenarios/study/workload.h"
#include "settlement/core/fixed_point.h"
#include "settlement/core/prng.h"

namespace causeway::study {
namespace {

// The weight of the first bank; those after it are fractions.
constexpr std::int64_t kFirstWeight = 1'000'000'000;

// rank^(-1 / (exponent - 1)) in units of kFirstWeight, at least 1.
std::uint64_t WeightOf(std::uint32_t rank, std::uint32_t exponent_milli) {
  const std::int64_t log = core::Log2Q48(rank);
  const auto power = static_cast<std::int64_t>(-(static_cast<__int128>(log) * 1000) /
                                               (static_cast<std::int64_t>(exponent_milli) - 1000));
  return static_cast<std::uint64_t>(
      std::max<std::int64_t>(1, core::ScaleSaturating(kFirstWeight, core::Exp2(power))));
}

std::size_t Draw(core::RandomStream& stream, const std::vector<std::uint64_t>& cumulative) {
  const std::uint64_t at = stream.Uniform(cumulative.back());
  return static_cast<std::size_t>(std::upper_bound(cumulative.begin(), cumulative.end(), at) -
                                  cumulative.begin());
}

}  // namespace

Topology DrawTopology(const Workload& workload) {
  const Banks& banks = workload.banks;
  const std::size_t count = banks.count;
  core::RandomStream stream(workload.seed, fmt::format("study/{}/topology", workload.name));
  Topology topology;
  std::uint64_t sum = 0;
  for (std::uint32_t rank = 1; rank <= count; ++rank) {
    topology.weights.push_back(WeightOf(rank, banks.degree_exponent_milli));
    sum += topology.weights.back();
    topology.cumulative.push_back(sum);
  }
  std::vector<absl::flat_hash_set<AccountIndex>> known(count);
  topology.partners.resize(count);
  const auto link = [&](std::size_t from, std::size_t to) {
    if (from == to || !known[from].insert(static_cast<AccountIndex>(to)).second) return false;
    topology.partners[from].banks.push_back(static_cast<AccountIndex>(to));
    return true;
  };
  for (std::size_t a = 0; a < std::min<std::size_t>(banks.core, count); ++a) {
    for (std::size_t b = 0; b < std::min<std::size_t>(banks.core, count); ++b) link(a, b);
  }
  for (std::size_t from = 0; from < count; ++from) {
    // In proportion to its weight, at least one and no more than there are others.
    const auto wanted = static_cast<std::uint64_t>(
        static_cast<__int128>(topology.weights[from]) * banks.mean_degree *
        static_cast<__int128>(count) / static_cast<__int128>(sum));
    const std::uint64_t degree = std::clamp<std::uint64_t>(wanted, 1, count - 1);
    // Draws that hit known partners are not made up for without end: a bank that knows nearly all
    // others has enough.
    for (std::uint64_t tries = 0; tries < 4 * degree && known[from].size() < degree; ++tries) {
      const std::size_t to = Draw(stream, topology.cumulative);
      const bool back = stream.Bernoulli(banks.reciprocity_milli, 1000);
      if (link(from, to) && back) link(to, from);
    }
    if (known[from].empty()) link(from, from == 0 ? 1 : 0);
  }
  topology.cumulative.clear();
  std::uint64_t senders = 0;
  for (std::size_t bank = 0; bank < count; ++bank) {
    Partners& partners = topology.partners[bank];
    std::sort(partners.banks.begin(), partners.banks.end());
    std::uint64_t total = 0;
    for (const AccountIndex partner : partners.banks) {
      total += topology.weights[partner];
      partners.cumulative.push_back(total);
    }
    // A payment over a link has the weight of both ends: as likely one way as the other, so that
    // what banks send and receive over links that go both ways comes to the same on average.
    constexpr __int128 kScale = kFirstWeight;
    senders += static_cast<std::uint64_t>(
        std::max<__int128>(1, static_cast<__int128>(topology.weights[bank]) * total / kScale));
    topology.cumulative.push_back(senders);
  }
  return topology;
}

}  // namespace causeway::study
