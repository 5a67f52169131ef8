// The rules of a ledger's queue, in a command and as text.
#include <string>

#include "fmt/format.h"
#include "settlement/codec/codec.h"
#include "settlement/codec/decoders.h"
#include "settlement/codec/text_message.h"

namespace causeway::codec {

namespace {

core::QueueRun DecodeQueueRun(Fields& fields, const Path& path, const v1::QueueRun& message) {
  fields.RefuseUnknown(path, message);
  core::QueueRun run;
  run.algorithm =
      fields.ClosedOrNone({&path, "algorithm"}, message.algorithm(), core::QueueAlgorithm::kExact);
  run.first = core::Duration::FromMicros(message.first_us());
  run.every = core::Duration::FromMicros(message.every_us());
  run.only_if_previous_settled_nothing = message.only_if_previous_settled_nothing();
  run.wait_min = core::Duration::FromMicros(message.wait_min_us());
  run.counter_payments_max = message.counter_payments_max();
  run.cycle_banks_max = message.cycle_banks_max();
  run.exact_payments_max = message.exact_payments_max();
  return run;
}

core::QueueSplitting DecodeSplitting(Fields& fields, const Path& path,
                                     const v1::QueueSplitting& message) {
  fields.RefuseUnknown(path, message);
  return {.threshold = core::Amount::FromMinor(message.threshold()),
          .part_min = core::Amount::FromMinor(message.part_min()),
          .part_max = core::Amount::FromMinor(message.part_max())};
}

}  // namespace

core::QueueRules DecodeQueueRules(Fields& fields, const Path& path,
                                  const v1::SetQueueRules& message) {
  fields.RefuseUnknown(path, message);
  core::QueueRules rules;
  rules.discipline = fields.ClosedOrNone({&path, "discipline"}, message.discipline(),
                                         core::QueueDiscipline::kDeferred);
  rules.optimisation = fields.ClosedOrNone({&path, "optimisation"}, message.optimisation(),
                                           core::QueueOptimisation::kBechSoramaki);
  rules.optimise_every = core::Duration::FromMicros(message.optimise_every_us());
  rules.queued_max = message.queued_max();
  rules.normal_bypass = message.normal_bypass();
  rules.release = fields.ClosedOrNone({&path, "release"}, message.release(),
                                      core::QueueRelease::kBalanceReactive);
  rules.receipt_window = core::Duration::FromMicros(message.receipt_window_us());
  rules.entry_offset = fields.ClosedOrNone({&path, "entry_offset"}, message.entry_offset(),
                                           core::QueueEntryOffset::kSingle);
  rules.entry_counter_payments_max = message.entry_counter_payments_max();
  const Path runs{&path, "optimisations"};
  if (static_cast<std::size_t>(message.optimisations_size()) > core::kQueueRunsMax) {
    fields.Fail(
        runs, fmt::format("has {}; at most {}", message.optimisations_size(), core::kQueueRunsMax));
    return {};
  }
  for (int i = 0; i < message.optimisations_size(); ++i) {
    rules.optimisations.push_back(
        DecodeQueueRun(fields, {&path, "optimisations", i}, message.optimisations(i)));
  }
  rules.splitting = DecodeSplitting(fields, {&path, "splitting"}, message.splitting());
  rules.limits_bind_all = message.limits_bind_all();
  return rules;
}

void ToProto(const core::QueueRules& rules, v1::SetQueueRules* out) {
  out->set_discipline(static_cast<v1::QueueDiscipline>(rules.discipline));
  out->set_optimisation(static_cast<v1::QueueOptimisation>(rules.optimisation));
  out->set_optimise_every_us(rules.optimise_every.micros());
  out->set_queued_max(rules.queued_max);
  out->set_normal_bypass(rules.normal_bypass);
  out->set_release(static_cast<v1::QueueRelease>(rules.release));
  out->set_receipt_window_us(rules.receipt_window.micros());
  out->set_entry_offset(static_cast<v1::QueueEntryOffset>(rules.entry_offset));
  out->set_entry_counter_payments_max(rules.entry_counter_payments_max);
  for (const core::QueueRun& run : rules.optimisations) {
    v1::QueueRun* message = out->add_optimisations();
    message->set_algorithm(static_cast<v1::QueueAlgorithm>(run.algorithm));
    message->set_first_us(run.first.micros());
    message->set_every_us(run.every.micros());
    message->set_only_if_previous_settled_nothing(run.only_if_previous_settled_nothing);
    message->set_wait_min_us(run.wait_min.micros());
    message->set_counter_payments_max(run.counter_payments_max);
    message->set_cycle_banks_max(run.cycle_banks_max);
    message->set_exact_payments_max(run.exact_payments_max);
  }
  if (rules.splitting != core::QueueSplitting{}) {
    v1::QueueSplitting* splitting = out->mutable_splitting();
    splitting->set_threshold(rules.splitting.threshold.minor());
    splitting->set_part_min(rules.splitting.part_min.minor());
    splitting->set_part_max(rules.splitting.part_max.minor());
  }
  out->set_limits_bind_all(rules.limits_bind_all);
}

absl::StatusOr<core::QueueRules> ParseQueueRules(std::string_view text) {
  v1::SetQueueRules message;
  if (absl::Status read = ReadTextMessage(text, message); !read.ok()) return read;
  Fields fields;
  core::QueueRules rules = DecodeQueueRules(fields, {nullptr, "rules"}, message);
  if (!fields.ok()) return fields.status();
  return rules;
}

}  // namespace causeway::codec
