#include "scenarios/study/output.h"

#include <array>
#include <functional>
#include <string_view>

#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "scenarios/study/account_output.h"
#include "scenarios/study/changes.h"
#include "scenarios/study/output_text.h"
#include "scenarios/study/values.h"
#include "scenarios/text/text.h"

namespace causeway::study {
namespace {

using Json = nlohmann::ordered_json;

std::vector<std::string> QuotedIds(const Input& input) {
  std::vector<std::string> ids;
  ids.reserve(input.accounts.size());
  for (const Account& account : input.accounts) ids.push_back(text::CsvField(account.id));
  return ids;
}

// Appends `minor` as a decimal; the writer of millions of lines has no time for strings.
void AppendMoney(fmt::memory_buffer& buffer, std::int64_t minor, int minor_digits) {
  static constexpr std::array<std::int64_t, 7> kPowers = {1,      10,      100,      1'000,
                                                          10'000, 100'000, 1'000'000};
  const std::int64_t one = kPowers[static_cast<std::size_t>(minor_digits)];
  const auto out = std::back_inserter(buffer);
  if (minor_digits == 0) {
    fmt::format_to(out, FMT_STRING("{}"), minor);
  } else {
    fmt::format_to(out, FMT_STRING("{}.{:0{}}"), minor / one, minor % one, minor_digits);
  }
}

void AppendTime(fmt::memory_buffer& buffer, TimeUs time) {
  const std::int64_t seconds = time / 1'000'000;
  const auto put = [&buffer](std::int64_t number) {
    buffer.push_back(static_cast<char>('0' + number / 10));
    buffer.push_back(static_cast<char>('0' + number % 10));
  };
  put(seconds / 3600);
  buffer.push_back(':');
  put(seconds / 60 % 60);
  buffer.push_back(':');
  put(seconds % 60);
  if (time % 1'000'000 != 0) {
    fmt::format_to(std::back_inserter(buffer), FMT_STRING(".{:06}"), time % 1'000'000);
  }
}

void Append(fmt::memory_buffer& buffer, std::string_view text) {
  buffer.append(text.data(), text.data() + text.size());
}

void WriteChangesCsv(const Input& input, const RunResult& result, std::ostream& out) {
  LineWriter lines(out);
  lines.Line("row,day,time,change,outcome");
  for (std::size_t i = 0; i < input.changes.size(); ++i) {
    const Change& change = input.changes[i];
    const ChangeResult& of = result.changes[i];
    const bool refused = of.refusal != liquidity::Refusal::kNone;
    lines.Line("{},{},{},{},{}", change.row,
               input.days[static_cast<std::size_t>(change.time / kDaySpanUs)],
               TimeOfDay(change.time % kDaySpanUs), Name(change.kind),
               of.made ? "made" : (refused ? liquidity::Name(of.refusal) : "not-made"));
  }
}

void WriteCustomersCsv(const Input& input, const Indicators& indicators, std::ostream& out) {
  LineWriter lines(out);
  lines.Line("day,account,customer,credit_line,secured,committed,peak_use,over");
  const auto word = [](bool yes) { return yes ? "yes" : "no"; };
  for (std::size_t i = 0; i < indicators.customers.size(); ++i) {
    const CustomerLine& line = input.customers[i % input.customers.size()];
    const std::int64_t peak = indicators.customers[i].peak;
    lines.Line("{},{},{},{},{},{},{},{}", input.days[i / input.customers.size()],
               text::CsvField(input.accounts[line.account].id), text::CsvField(line.customer),
               Money(line.credit_line, input.minor_digits), word(line.secured),
               word(line.committed), Money(peak, input.minor_digits),
               word(peak > line.credit_line));
  }
}

void WriteQueueCsv(const Input& input, const RunResult& result, std::ostream& out) {
  LineWriter lines(out);
  lines.Line("day,time,queued_count,queued_value,state");
  for (const QueueSample& sample : result.samples) {
    if (sample.between) continue;
    const TimeUs time_of_day = sample.time - static_cast<TimeUs>(sample.day) * kDaySpanUs;
    lines.Line("{},{},{},{},{}", input.days[sample.day], TimeOfDay(time_of_day),
               sample.queued_count, Money(sample.queued_value, input.minor_digits),
               liquidity::Name(sample.state));
  }
}

void WriteThroughputCsv(const Input& input, const RunResult& result, const Indicators& indicators,
                        std::ostream& out) {
  LineWriter lines(out);
  const std::size_t shown = HoursShown(result);
  lines.Line("day,by,settled_share");
  for (std::size_t day = 0; day < indicators.days.size(); ++day) {
    for (std::size_t hour = 0; hour < shown; ++hour) {
      lines.Line("{},{:02}:00,{}", input.days[day], hour + 1,
                 Share(indicators.days[day].throughput[hour]));
    }
  }
}

void WriteFlowsCsv(const Input& input, const Indicators& indicators, std::ostream& out) {
  const std::vector<std::string> ids = QuotedIds(input);
  LineWriter lines(out);
  lines.Line("sender,recipient,count,value");
  for (const Flow& flow : indicators.flows) {
    lines.Line("{},{},{},{}", ids[flow.sender], ids[flow.recipient], flow.settled.count,
               Money(flow.settled.value, input.minor_digits));
  }
}

void WriteEpisodesCsv(const Input& input, const Indicators& indicators, std::ostream& out) {
  LineWriter lines(out);
  lines.Line("day,from,to,state");
  for (std::size_t day = 0; day < indicators.days.size(); ++day) {
    for (const Episode& episode : indicators.days[day].episodes) {
      const TimeUs midnight = static_cast<TimeUs>(day) * kDaySpanUs;
      lines.Line("{},{},{},{}", input.days[day], TimeOfDay(episode.from - midnight),
                 TimeOfDay(episode.to - midnight), episode.gridlock ? "gridlock" : "deadlock");
    }
  }
}

}  // namespace

void WritePaymentsCsv(const Input& input, const RunResult& result, std::ostream& out) {
  const std::vector<std::string> ids = QuotedIds(input);
  LineWriter lines(out);
  lines.Line(
      "id,row,day,due,submitted,sender,recipient,amount,priority,status,settled,cause,algorithm,"
      "set,order");
  std::vector<std::uint32_t> order(result.payments.size(), 0);
  for (std::size_t i = 0; i < result.settlement_order.size(); ++i) {
    order[result.settlement_order[i]] = static_cast<std::uint32_t>(i) + 1;
  }
  fmt::memory_buffer& buffer = lines.buffer();
  for (PaymentIndex i = 0; i < input.payments.size(); ++i) {
    const Payment& payment = input.payments[i];
    const PaymentResult& of = result.payments[i];
    const auto out_at = std::back_inserter(buffer);
    if (input.payment_ids.empty()) {
      fmt::format_to(out_at, FMT_STRING("{}"), input.rows[i]);
    } else {
      Append(buffer, text::CsvField(input.payment_ids[i]));
    }
    fmt::format_to(out_at, FMT_STRING(",{},"), input.rows[i]);
    Append(buffer, input.days[static_cast<std::size_t>(payment.due / kDaySpanUs)]);
    buffer.push_back(',');
    AppendTime(buffer, payment.due % kDaySpanUs);
    buffer.push_back(',');
    if (of.status != Status::kLate && of.status != Status::kWithheld) {
      AppendTime(buffer, of.submitted % kDaySpanUs);
    }
    buffer.push_back(',');
    Append(buffer, ids[payment.sender]);
    buffer.push_back(',');
    Append(buffer, ids[payment.recipient]);
    buffer.push_back(',');
    AppendMoney(buffer, payment.amount, input.minor_digits);
    buffer.push_back(',');
    Append(buffer, liquidity::Name(payment.priority));
    buffer.push_back(',');
    Append(buffer, Name(of.status));
    buffer.push_back(',');
    if (of.status == Status::kSettled) {
      AppendTime(buffer, of.settled - payment.due / kDaySpanUs * kDaySpanUs);
      buffer.push_back(',');
      Append(buffer, liquidity::Name(of.cause));
      buffer.push_back(',');
      if (of.algorithm != liquidity::Algorithm::kNone)
        Append(buffer, liquidity::Name(of.algorithm));
      buffer.push_back(',');
      if (of.set != 0) fmt::format_to(out_at, FMT_STRING("{}"), of.set);
      fmt::format_to(out_at, FMT_STRING(",{}"), order[i]);
    } else {
      Append(buffer, ",,,,");
    }
    lines.EndLine();
  }
}

void WriteBalancesCsv(const Input& input, const RunResult& result, std::ostream& out) {
  LineWriter lines(out);
  lines.Line("day,account,owner,opening,closing,credit_limit,peak_credit,credit_charge,added");
  for (std::size_t i = 0; i < result.account_days.size(); ++i) {
    const Account& account = input.accounts[i % input.accounts.size()];
    const AccountDay& day = result.account_days[i];
    const auto money = [&](std::int64_t value) { return Money(value, input.minor_digits); };
    lines.Line("{},{},{},{},{},{},{},{},{}", input.days[i / input.accounts.size()],
               text::CsvField(account.id), text::CsvField(account.owner), money(day.opening),
               money(day.closing), money(day.credit_limit), money(day.peak_credit),
               money(day.credit_charge), money(day.added));
  }
}

void WriteIndicatorsCsv(const Input& input, const Indicators& indicators, std::ostream& out) {
  LineWriter lines(out);
  lines.Line("day,indicator,value");
  for (std::size_t day = 0; day < indicators.days.size(); ++day) {
    for (const NamedValue& value : ValuesOf(indicators.days[day], input.minor_digits)) {
      lines.Line("{},{},{}", input.days[day], value.name, value.value);
    }
  }
}

namespace {

void AddIndicators(const Input& input, const RunResult& result, const Indicators& indicators,
                   Json& json) {
  json["accounts"] = input.accounts.size();
  json["payments"] = input.payments.size();
  json["opens"] = TimeOfDay(result.opens);
  json["closes"] = TimeOfDay(result.closes);
  json["sets"] = result.sets;
  json["optimisation_runs"] = result.optimisation_runs;
  Json days = Json::array();
  for (std::size_t day = 0; day < indicators.days.size(); ++day) {
    Json values = {{"day", input.days[day]}};
    // Decimals as text: they are exact, and a reader's binary numbers are not.
    for (const NamedValue& value : ValuesOf(indicators.days[day], input.minor_digits)) {
      values[value.name] = value.value.empty() ? Json(nullptr) : Json(value.value);
    }
    days.push_back(std::move(values));
  }
  json["days"] = std::move(days);
}

Json FactsJson(const Facts& facts) {
  Json json = Json::object();
  for (const auto& [name, text] : facts) json[name] = text;
  return json;
}

}  // namespace

std::string RenderIndicatorsJson(const Input& input, const RunResult& result,
                                 const Indicators& indicators, const Facts& facts) {
  Json json = FactsJson(facts);
  AddIndicators(input, result, indicators, json);
  return json.dump(2) + "\n";
}

absl::Status WriteResults(const Input& input, const RunResult& result, const Indicators& indicators,
                          const Facts& facts, const std::string& directory) {
  if (absl::Status made = MakeDirectory(directory); !made.ok()) return made;
  using Write = std::function<void(std::ostream&)>;
  const std::vector<std::pair<std::string, Write>> files = {
      {"payments.csv", [&](std::ostream& out) { WritePaymentsCsv(input, result, out); }},
      {"balances.csv", [&](std::ostream& out) { WriteBalancesCsv(input, result, out); }},
      {"accounts.csv",
       [&](std::ostream& out) { WriteAccountsCsv(input, result, indicators, out); }},
      {"banks.csv", [&](std::ostream& out) { WriteBanksCsv(input, result, indicators, out); }},
      {"months.csv", [&](std::ostream& out) { WriteMonthsCsv(input, result, indicators, out); }},
      {"changes.csv", [&](std::ostream& out) { WriteChangesCsv(input, result, out); }},
      {"customers.csv", [&](std::ostream& out) { WriteCustomersCsv(input, indicators, out); }},
      {"targets.csv", [&](std::ostream& out) { WriteTargetsCsv(input, result, indicators, out); }},
      {"queue.csv", [&](std::ostream& out) { WriteQueueCsv(input, result, out); }},
      {"throughput.csv",
       [&](std::ostream& out) { WriteThroughputCsv(input, result, indicators, out); }},
      {"flows.csv", [&](std::ostream& out) { WriteFlowsCsv(input, indicators, out); }},
      {"episodes.csv", [&](std::ostream& out) { WriteEpisodesCsv(input, indicators, out); }},
      {"indicators.csv", [&](std::ostream& out) { WriteIndicatorsCsv(input, indicators, out); }},
      {"indicators.json",
       [&](std::ostream& out) { out << RenderIndicatorsJson(input, result, indicators, facts); }},
  };
  for (const auto& [name, write] : files) {
    if (absl::Status status = WriteFileAt(directory + "/" + name, write); !status.ok()) {
      return status;
    }
  }
  return absl::OkStatus();
}

absl::Status WriteResults(const std::vector<Part>& parts, const Facts& facts,
                          const std::string& directory) {
  if (parts.size() == 1) {
    const Part& only = parts.front();
    return WriteResults(only.input, only.result, only.indicators, facts, directory);
  }
  if (absl::Status made = MakeDirectory(directory); !made.ok()) return made;
  Json json = FactsJson(facts);
  for (const Part& part : parts) {
    Facts own = facts;
    own.emplace_back("currency", part.currency);
    const absl::Status written = WriteResults(part.input, part.result, part.indicators, own,
                                              directory + "/" + part.currency);
    if (!written.ok()) return written;
    AddIndicators(part.input, part.result, part.indicators, json["currencies"][part.currency]);
  }
  absl::Status written = WriteFileAt(directory + "/indicators.csv", [&](std::ostream& out) {
    LineWriter lines(out);
    lines.Line("currency,day,indicator,value");
    for (const Part& part : parts) {
      for (std::size_t day = 0; day < part.indicators.days.size(); ++day) {
        for (const NamedValue& value :
             ValuesOf(part.indicators.days[day], part.input.minor_digits)) {
          lines.Line("{},{},{},{}", part.currency, part.input.days[day], value.name, value.value);
        }
      }
    }
  });
  if (!written.ok()) return written;
  return WriteFileAt(directory + "/indicators.json",
                     [&](std::ostream& out) { out << json.dump(2) << "\n"; });
}

std::string RenderSummary(const std::vector<Part>& parts) {
  std::string text;
  for (const Part& part : parts) {
    text += RenderSummary(part.input, part.result, part.indicators);
  }
  return text;
}

std::string RenderSummary(const Input& input, const RunResult& result,
                          const Indicators& indicators) {
  std::string text =
      fmt::format("{}{}{}: {} accounts, {} payments on {} day{}, {} to {}\n", input.name,
                  input.currencies.empty() ? "" : ", ",
                  input.currencies.empty() ? "" : input.currencies.front(), input.accounts.size(),
                  input.payments.size(), input.days.size(), input.days.size() == 1 ? "" : "s",
                  TimeOfDay(result.opens), TimeOfDay(result.closes));
  for (std::size_t day = 0; day < indicators.days.size(); ++day) {
    text += fmt::format("  day {}\n", input.days[day]);
    for (const NamedValue& value : ValuesOf(indicators.days[day], input.minor_digits)) {
      static constexpr std::array<std::string_view, 14> kShown = {
          "submitted_count", "submitted_value", "settled_count", "settled_value", "unsettled_count",
          "unsettled_value", "offset_share",    "mean_delay_s",  "delay",         "lower_bound",
          "upper_bound",     "liquidity",       "usage",         "turnover"};
      for (const std::string_view shown : kShown) {
        if (value.name == shown)
          text += fmt::format("    {:<18}{:>24}\n", shown, value.value.empty() ? "-" : value.value);
      }
    }
  }
  return text;
}

absl::Status WriteInputFolder(const Input& input, const std::string& directory) {
  if (absl::Status made = MakeDirectory(directory); !made.ok()) return made;
  const std::vector<std::string> ids = QuotedIds(input);
  const auto money = [&](std::int64_t value) { return Money(value, input.minor_digits); };
  absl::Status status = WriteFileAt(directory + "/accounts.csv", [&](std::ostream& out) {
    LineWriter lines(out);
    const bool named = !input.currencies.empty();
    lines.Line("id,owner,balance,posted_collateral,credit_limit{}", named ? ",currency" : "");
    for (std::size_t i = 0; i < input.accounts.size(); ++i) {
      const Account& account = input.accounts[i];
      lines.Line("{},{},{},{},{}{}", ids[i], text::CsvField(account.owner), money(account.balance),
                 money(account.posted_collateral), money(account.credit_limit),
                 named ? "," + input.currencies[account.currency] : std::string());
    }
  });
  if (!status.ok()) return status;
  status = WriteFileAt(directory + "/payments.csv", [&](std::ostream& out) {
    LineWriter lines(out);
    lines.Line("sender,recipient,amount,day,time,priority,link,time_specific,for_customer{}{}",
               input.customers.empty() ? "" : ",customer,recipient_customer",
               input.settle_by.empty() ? "" : ",settle_by");
    fmt::memory_buffer& buffer = lines.buffer();
    const auto customer = [&](const std::vector<std::uint32_t>& of, PaymentIndex i) {
      buffer.push_back(',');
      if (!of.empty() && of[i] != kNone)
        Append(buffer, text::CsvField(input.customers[of[i]].customer));
    };
    for (PaymentIndex i = 0; i < input.payments.size(); ++i) {
      const Payment& payment = input.payments[i];
      Append(buffer, ids[payment.sender]);
      buffer.push_back(',');
      Append(buffer, ids[payment.recipient]);
      buffer.push_back(',');
      AppendMoney(buffer, payment.amount, input.minor_digits);
      buffer.push_back(',');
      Append(buffer, input.days[static_cast<std::size_t>(payment.due / kDaySpanUs)]);
      buffer.push_back(',');
      AppendTime(buffer, payment.due % kDaySpanUs);
      buffer.push_back(',');
      Append(buffer, liquidity::Name(payment.priority));
      buffer.push_back(',');
      if (!input.links.empty() && input.links[i] != 0) {
        fmt::format_to(std::back_inserter(buffer), FMT_STRING("{}"), input.links[i]);
      }
      Append(buffer, payment.time_specific ? ",yes" : ",");
      Append(buffer, payment.for_customer ? ",yes" : ",");
      if (!input.customers.empty()) {
        customer(input.sender_customers, i);
        customer(input.recipient_customers, i);
      }
      if (!input.settle_by.empty()) {
        buffer.push_back(',');
        if (input.settle_by[i] != kNoTime) AppendTime(buffer, input.settle_by[i] % kDaySpanUs);
      }
      lines.EndLine();
    }
  });
  if (!status.ok()) return status;
  if (!input.customers.empty()) {
    status = WriteFileAt(directory + "/customers.csv", [&](std::ostream& out) {
      LineWriter lines(out);
      lines.Line("account,customer,credit_line,secured,committed");
      for (const CustomerLine& line : input.customers) {
        lines.Line("{},{},{},{},{}", ids[line.account], text::CsvField(line.customer),
                   money(line.credit_line), line.secured ? "yes" : "no",
                   line.committed ? "yes" : "no");
      }
    });
  }
  if (!status.ok() || input.limits.empty()) return status;
  return WriteFileAt(directory + "/limits.csv", [&](std::ostream& out) {
    LineWriter lines(out);
    lines.Line("account,counterparty,amount");
    for (const Limit& limit : input.limits) {
      lines.Line("{},{},{}", ids[limit.account],
                 limit.counterparty == kNone ? std::string() : ids[limit.counterparty],
                 money(limit.amount));
    }
  });
}

}  // namespace causeway::study
