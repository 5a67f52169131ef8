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

// Links under way: who pays whom.
class Links {
 public:
  explicit Links(std::size_t count) : known_(count), partners_(count) {}

  // False when it is there already, or would be of a bank to itself.
  bool Add(std::size_t from, std::size_t to) {
    if (from == to || !known_[from].insert(static_cast<AccountIndex>(to)).second) return false;
    partners_[from].push_back(static_cast<AccountIndex>(to));
    return true;
  }
  bool Has(std::size_t from, std::size_t to) const {
    return known_[from].contains(static_cast<AccountIndex>(to));
  }
  std::size_t DegreeOf(std::size_t from) const { return partners_[from].size(); }
  const std::vector<AccountIndex>& PartnersOf(std::size_t from) const { return partners_[from]; }

 private:
  std::vector<absl::flat_hash_set<AccountIndex>> known_;
  std::vector<std::vector<AccountIndex>> partners_;
};

// Gives links their way back, those of the heaviest pairs of banks first, until the wanted share of
// all links goes both ways. Between large banks money flows both ways; it is small ones that pay
// and are not paid.
void AddWaysBack(const std::vector<std::uint64_t>& weights, std::uint32_t reciprocity_milli,
                 Links& links) {
  struct OneWay {
    __int128 weight;
    AccountIndex from;
    AccountIndex to;
  };
  std::vector<OneWay> one_way;
  std::uint64_t both_ways = 0;
  for (std::size_t from = 0; from < weights.size(); ++from) {
    for (const AccountIndex to : links.PartnersOf(from)) {
      if (links.Has(to, from)) {
        ++both_ways;
      } else {
        one_way.push_back({static_cast<__int128>(weights[from]) * weights[to],
                           static_cast<AccountIndex>(from), to});
      }
    }
  }
  std::sort(one_way.begin(), one_way.end(), [](const OneWay& a, const OneWay& b) {
    if (a.weight != b.weight) return a.weight > b.weight;
    return a.from != b.from ? a.from < b.from : a.to < b.to;
  });
  // Each way back makes two links of both ways, and one link more in all.
  std::uint64_t all = both_ways + one_way.size();
  for (const OneWay& link : one_way) {
    if ((both_ways + 2) * 1000 > (all + 1) * reciprocity_milli) return;
    links.Add(link.to, link.from);
    both_ways += 2;
    ++all;
  }
}

Links DrawLinks(const Workload& workload, const std::vector<std::uint64_t>& weights,
                const std::vector<std::uint64_t>& cumulative) {
  const Banks& banks = workload.banks;
  const std::size_t count = banks.count;
  core::RandomStream stream(workload.seed, fmt::format("study/{}/topology", StreamRoot(workload)));
  Links links(count);
  for (std::size_t a = 0; a < std::min<std::size_t>(banks.core, count); ++a) {
    for (std::size_t b = 0; b < std::min<std::size_t>(banks.core, count); ++b) links.Add(a, b);
  }
  for (std::size_t from = 0; from < count; ++from) {
    // In proportion to its weight, at least one and no more than there are others; ways back make
    // up the rest of the mean degree.
    const auto wanted = static_cast<std::uint64_t>(
        static_cast<__int128>(weights[from]) * banks.mean_degree * static_cast<__int128>(count) *
        (2000 - banks.reciprocity_milli) / 2000 / static_cast<__int128>(cumulative.back()));
    const std::uint64_t degree = std::clamp<std::uint64_t>(wanted, 1, count - 1);
    // Draws that hit known partners are not made up for without end: a bank that knows nearly all
    // others has enough.
    for (std::uint64_t tries = 0; tries < 4 * degree && links.DegreeOf(from) < degree; ++tries) {
      links.Add(from, Draw(stream, cumulative));
    }
    if (links.DegreeOf(from) == 0) links.Add(from, from == 0 ? 1 : 0);
  }
  AddWaysBack(weights, banks.reciprocity_milli, links);
  return links;
}

}  // namespace

Topology DrawTopology(const Workload& workload) {
  const std::size_t count = workload.banks.count;
  const Banks& banks = workload.banks;
  const std::uint32_t payment_exponent = banks.payment_exponent_milli == 0
                                             ? banks.degree_exponent_milli
                                             : banks.payment_exponent_milli;
  Topology topology;
  std::vector<std::uint64_t> link_weights;
  std::vector<std::uint64_t> cumulative;
  std::uint64_t sum = 0;
  for (std::uint32_t rank = 1; rank <= count; ++rank) {
    link_weights.push_back(WeightOf(rank, banks.degree_exponent_milli));
    cumulative.push_back(sum += link_weights.back());
    topology.weights.push_back(WeightOf(rank, payment_exponent));
  }
  const Links links = DrawLinks(workload, link_weights, cumulative);
  topology.partners.resize(count);
  std::uint64_t senders = 0;
  for (std::size_t bank = 0; bank < count; ++bank) {
    Partners& partners = topology.partners[bank];
    partners.banks = links.PartnersOf(bank);
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
