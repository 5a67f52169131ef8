// The network of a day: the links that carry a payment.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "scenarios/study/preset.h"
#include "scenarios/study/workload.h"

namespace causeway::study {
namespace {

// The payments of the preset in scenarios/studies, of its own seed or another.
Input DayOfPreset(const std::string& name, std::uint64_t seed = 0) {
  std::ifstream file(std::string(CAUSEWAY_SOURCE_DIR "/scenarios/studies/") + name + ".txtpb");
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  ProblemList problems;
  absl::StatusOr<Preset> preset = ParsePreset(
      text, name, seed == 0 ? std::nullopt : std::optional<std::uint64_t>(seed), problems);
  EXPECT_TRUE(preset.ok()) << problems.ToString();
  return *DrawWorkload(preset->workload);
}

struct Network {
  double banks = 0;  // with a link
  double links = 0;  // directed
  double both_ways = 0;
  double largest_66 = 0;  // share of value that the 66 banks send which send most
  double core = 0;        // share of possible links between the 25 that send most

  double degree() const { return links / banks; }
  double reciprocity() const { return both_ways / links; }
};

Network NetworkFrom(const Input& input) {
  using Link = std::pair<AccountIndex, AccountIndex>;
  std::vector<Link> links;
  std::vector<bool> linked(input.accounts.size());
  std::vector<std::pair<double, AccountIndex>> sent(input.accounts.size());
  for (AccountIndex i = 0; i < sent.size(); ++i) sent[i].second = i;
  double total = 0;
  for (const Payment& payment : input.payments) {
    links.emplace_back(payment.sender, payment.recipient);
    linked[payment.sender] = linked[payment.recipient] = true;
    sent[payment.sender].first += static_cast<double>(payment.amount);
    total += static_cast<double>(payment.amount);
  }
  std::sort(sent.begin(), sent.end(), std::greater<>());
  std::sort(links.begin(), links.end());
  links.erase(std::unique(links.begin(), links.end()), links.end());
  const auto has = [&links](AccountIndex from, AccountIndex to) {
    return std::binary_search(links.begin(), links.end(), Link(from, to));
  };
  Network network;
  network.banks = static_cast<double>(std::count(linked.begin(), linked.end(), true));
  network.links = static_cast<double>(links.size());
  for (const auto& [from, to] : links) network.both_ways += has(to, from) ? 1 : 0;
  for (std::size_t i = 0; i < 66; ++i) network.largest_66 += sent[i].first / total;
  for (std::size_t i = 0; i < 25; ++i) {
    for (std::size_t j = 0; j < 25; ++j) {
      network.core += has(sent[i].second, sent[j].second) ? 1.0 / (25 * 24) : 0;
    }
  }
  return network;
}

// 76,600 links, 15 a bank, 22% of them both ways, 66 banks with 75% of the value, a core of 25
// (Soramaki et al. 2007, not checked at the source).
void ExpectAsPublishedOfFedwire(const Network& network) {
  EXPECT_NEAR(network.links, 76'600, 2'000);
  EXPECT_NEAR(network.degree(), 15, 0.6);
  EXPECT_NEAR(network.reciprocity(), 0.22, 0.02);
  EXPECT_NEAR(network.largest_66, 0.75, 0.04);
  EXPECT_GT(network.core, 0.95);
}

TEST(NetworkOfADay, OfFedwireIsAsPublished) {
  ExpectAsPublishedOfFedwire(NetworkFrom(DayOfPreset("fedwire-day")));
}

TEST(NetworkOfADay, OfFedwireIsAsPublishedWithAnotherSeedToo) {
  ExpectAsPublishedOfFedwire(NetworkFrom(DayOfPreset("fedwire-day", 7)));
}

TEST(NetworkOfADay, HasPaymentsMoreConcentratedThanItsLinksByAnExponentOfTheirOwn) {
  Workload workload;
  workload.name = "x";
  workload.seed = 5;
  workload.banks = {.count = 500, .core = 5, .mean_degree = 20, .degree_exponent_milli = 2900};
  const Topology even = DrawTopology(workload);
  workload.banks.payment_exponent_milli = 2900;
  EXPECT_EQ(DrawTopology(workload).weights, even.weights);
  workload.banks.payment_exponent_milli = 2000;
  const Topology steep = DrawTopology(workload);
  for (std::size_t i = 0; i < 500; ++i) {
    EXPECT_EQ(steep.partners[i].banks, even.partners[i].banks) << i;
  }
  EXPECT_GT(steep.weights[0] / steep.weights[99], 2 * (even.weights[0] / even.weights[99]));
}

TEST(NetworkOfADay, NeedsAnExponentOfPaymentsAboveOne) {
  Workload workload;
  workload.name = "x";
  workload.banks = {.count = 5, .payment_exponent_milli = 1000};
  EXPECT_EQ(CheckWorkload(workload).message(), "the exponent of payments must be above 1");
}

}  // namespace
}  // namespace causeway::study
