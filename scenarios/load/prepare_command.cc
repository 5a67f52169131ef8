// Prepares a ledger for a load: the owner, the day, the accounts, the money.
#include <algorithm>
#include <cstdio>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "scenarios/load/accounts.h"
#include "scenarios/load/commands.h"
#include "scenarios/load/request_pool.h"
#include "settlement/client/bulk.h"
#include "settlement/client/commands.h"
#include "settlement/client/errors.h"
#include "settlement/core/prng.h"

namespace causeway::load {
namespace {

constexpr core::Duration kInstructionsValidFor = core::Duration::FromHours(24);
constexpr std::size_t kInFlight = 1024;
constexpr std::size_t kPoolBytes = std::size_t{32} * 1024 * 1024;
constexpr std::uint64_t kToldEvery = 10'000;

class Preparation {
 public:
  Preparation(const PrepareOptions& options, Target target)
      : options_(options), target_(std::move(target)) {}

  absl::Status Run() {
    for (const auto step : {&Preparation::Load, &Preparation::RegisterOwner, &Preparation::OpenDay,
                            &Preparation::OpenAccounts, &Preparation::LearnNumbers,
                            &Preparation::Issue, &Preparation::Distribute}) {
      if (absl::Status status = (this->*step)(); !status.ok()) return status;
    }
    return WriteTextFile(options_.out, FormatAccounts(accounts_));
  }

 private:
  void Tell(const std::string& what) const {
    if (!options_.quiet) fmt::print(stderr, "{}\n", what);
  }

  absl::Status Load() {
    for (const std::string& path : options_.approver_keys) {
      auto signer = LoadSigner(path);
      if (!signer.ok()) return Annotate("--approver-key", signer.status());
      approvers_.push_back(*std::move(signer));
      borrowed_.push_back(approvers_.back().get());
    }
    auto owner_signer = LoadSigner(options_.owner_key);
    if (!owner_signer.ok()) return Annotate("--owner-key", owner_signer.status());
    owner_signer_ = *std::move(owner_signer);
    const auto owner = core::ParticipantId::Parse(options_.owner);
    if (!owner.ok()) return Annotate("--owner", owner.status());
    owner_ = *owner;
    const absl::StatusOr<std::uint64_t> seed = RandomSeed();
    if (!seed.ok()) return seed.status();
    seed_ = *seed;
    address_ = client::AddressOf(target_.info.genesis);
    valid_until_ = target_.info.time + kInstructionsValidFor;
    if (Address(options_.accounts - 1).ok()) return absl::OkStatus();
    return Annotate("--prefix", Address(options_.accounts - 1).status());
  }

  absl::StatusOr<core::AccountAddress> Address(std::uint64_t number) const {
    return core::AccountAddress::Make(target_.info.genesis.currency,
                                      fmt::format("{}{:07}", options_.prefix, number));
  }

  // Signed by the approvers; ids never repeat.
  absl::StatusOr<core::Envelope> ByCentralBank(core::Action action,
                                               const core::RawInstructionId& id) const {
    return client::SignCommand(
        client::MakeCommand(address_, target_.info.genesis.central_bank.participant,
                            core::InstructionIdOf(id), valid_until_, std::move(action)),
        borrowed_);
  }

  // One command; that the thing exists already is as good.
  absl::Status Instruct(core::Action action) {
    const auto id = client::NewRawInstructionId();
    if (!id.ok()) return id.status();
    const auto envelope = ByCentralBank(std::move(action), *id);
    if (!envelope.ok()) return envelope.status();
    const auto views = target_.ledger.SubmitUntilKnown(*envelope);
    if (!views.ok()) return views.status();
    return CheckDone(*views);
  }

  static absl::Status CheckDone(const std::vector<client::InstructionView>& views) {
    for (const client::InstructionView& view : views) {
      if (view.status == core::InstructionStatus::kSettled ||
          view.rejection.outcome == core::Outcome::kAlreadyExists) {
        continue;
      }
      return absl::FailedPreconditionError(core::Describe(view.rejection));
    }
    return absl::OkStatus();
  }

  absl::Status RegisterOwner() {
    core::RegisterParticipant action;
    action.participant = owner_;
    action.role = core::Role::kCommercialBank;
    action.country = target_.info.genesis.central_bank.country;
    if (!options_.country.empty()) {
      const auto country = core::Country::Parse(options_.country);
      if (!country.ok()) return Annotate("--country", country.status());
      action.country = *country;
    }
    action.keys = {owner_signer_->public_key()};
    const absl::Status status = Instruct(std::move(action));
    return status.ok() ? status : Annotate("registering the owner", status);
  }

  absl::Status OpenDay() {
    if (target_.info.phase == core::DayPhase::kOpen) return absl::OkStatus();
    const absl::Status status =
        Instruct(core::SetDayPhase{target_.info.business_date, core::DayPhase::kOpen});
    return status.ok() ? status : Annotate("opening the day", status);
  }

  // Sends what `make` makes, and wants every payment and command done.
  absl::Status SendAll(std::uint64_t requests, std::string_view what,
                       const RequestPool::Make& make) {
    RequestPool pool({.requests = requests, .bytes_max = kPoolBytes, .threads = options_.signers},
                     make);
    std::mutex mutex;
    absl::Status failure;
    std::uint64_t answered = 0;
    auto stream = target_.ledger.OpenSubmitStream(
        {.requests_max = kInFlight}, [&](const client::StreamReply& reply) {
          const absl::Status status = CheckReply(reply);
          const std::lock_guard<std::mutex> lock(mutex);
          if (failure.ok()) failure = status;
          if (++answered % kToldEvery == 0)
            Tell(fmt::format("  {} {} of {}", what, answered, requests));
        });
    for (std::uint64_t number = 0; number < requests; ++number) {
      std::optional<Request> request = pool.Take();
      if (!request.has_value()) break;
      if (!stream->Send(number, std::move(request->bytes))) break;
      const std::lock_guard<std::mutex> lock(mutex);
      if (!failure.ok()) break;
    }
    const absl::Status end = stream->Finish();
    const std::lock_guard<std::mutex> lock(mutex);
    if (!pool.status().ok()) return pool.status();
    return failure.ok() ? end : Annotate(what, failure);
  }

  static absl::Status CheckReply(const client::StreamReply& reply) {
    if (!reply.outcome.ok()) return reply.outcome.status();
    if (const auto* bulk = std::get_if<client::BulkReply>(&*reply.outcome)) {
      if (bulk->rejections.empty()) return absl::OkStatus();
      return absl::FailedPreconditionError(core::Describe(bulk->rejections.front().rejection));
    }
    return CheckDone(std::get<std::vector<client::InstructionView>>(*reply.outcome));
  }

  absl::Status OpenAccounts() {
    Tell(fmt::format("opening {} accounts ...", options_.accounts));
    return SendAll(
        options_.accounts, "accounts", [this](std::uint64_t number) -> absl::StatusOr<Request> {
          const auto address = Address(number);
          if (!address.ok()) return address.status();
          core::RandomStream random(seed_, fmt::format("load/account/{}", number));
          auto envelope = ByCentralBank(
              core::OpenAccount{
                  .address = *address, .owner = owner_, .purpose = core::AccountPurpose::kWallet},
              random.Bytes16());
          if (!envelope.ok()) return envelope.status();
          return Request{client::EncodeRequest(*std::move(envelope)), 1};
        });
  }

  absl::Status LearnNumbers() {
    const auto listed = target_.ledger.ListAccounts(owner_);
    if (!listed.ok()) return Annotate("listing the accounts", listed.status());
    const std::string prefix(options_.prefix);
    for (const client::AccountView& view : *listed) {
      if (!view.address.body().starts_with(prefix) || view.closed || view.frozen) continue;
      accounts_.push_back({view.address, {view.number, view.number_check}});
    }
    if (accounts_.size() < options_.accounts) {
      return absl::InternalError(
          fmt::format("the ledger lists {} of {} accounts", accounts_.size(), options_.accounts));
    }
    std::sort(accounts_.begin(), accounts_.end(),
              [](const LoadAccount& left, const LoadAccount& right) {
                return left.ref.number < right.ref.number;
              });
    return absl::OkStatus();
  }

  // All of it to the first account.
  absl::Status Issue() {
    std::int64_t total = 0;
    if (__builtin_mul_overflow(options_.amount_minor, static_cast<std::int64_t>(accounts_.size()),
                               &total)) {
      return absl::InvalidArgumentError("--amount: is too much for so many accounts");
    }
    const absl::Status status =
        Instruct(core::Issue{accounts_.front().address,
                             {target_.info.genesis.currency, core::Amount::FromMinor(total)},
                             "LOAD"});
    return status.ok() ? status : Annotate("issuing", status);
  }

  // From the first account to the others.
  absl::Status Distribute() {
    Tell("distributing the money ...");
    const std::size_t others = accounts_.size() - 1;
    const std::size_t bulks = (others + core::kBulkPaymentsMax - 1) / core::kBulkPaymentsMax;
    return SendAll(bulks, "bulks", [this](std::uint64_t number) -> absl::StatusOr<Request> {
      core::RandomStream random(seed_, fmt::format("load/fund/{}", number));
      client::BulkBuilder bulk(address_, owner_, random.Bytes16(), valid_until_);
      const std::size_t begin = 1 + number * core::kBulkPaymentsMax;
      const std::size_t end = std::min(begin + core::kBulkPaymentsMax, accounts_.size());
      for (std::size_t i = begin; i < end; ++i) {
        core::BulkPayment payment{.debtor = accounts_.front().ref,
                                  .creditor = accounts_[i].ref,
                                  .amount = core::Amount::FromMinor(options_.amount_minor)};
        payment.id = random.Bytes16();
        payment.uetr = core::Uetr::FromRandomBytes(random.Bytes16());
        bulk.Add(payment);
      }
      const auto count = static_cast<std::uint32_t>(bulk.size());
      auto envelope = client::SignBulk(bulk.bulk(), *owner_signer_);
      if (!envelope.ok()) return envelope.status();
      return Request{client::EncodeRequest(*std::move(envelope)), count};
    });
  }

  const PrepareOptions& options_;
  const Target target_;
  std::vector<std::unique_ptr<core::SoftwareSigner>> approvers_;
  std::vector<const core::Signer*> borrowed_;
  std::unique_ptr<core::SoftwareSigner> owner_signer_;
  core::ParticipantId owner_;
  client::LedgerAddress address_;
  core::LedgerTime valid_until_;
  std::uint64_t seed_ = 0;
  std::vector<LoadAccount> accounts_;
};

}  // namespace

int PrepareCommand(const PrepareOptions& options) {
  absl::StatusOr<Target> target = ConnectTo(options.connection);
  if (!target.ok()) return Failed(target.status());
  const absl::Status status = Preparation(options, *std::move(target)).Run();
  if (!status.ok()) return Failed(status);
  if (!options.quiet) fmt::print("{} accounts in {}\n", options.accounts, options.out);
  return kExitOk;
}

}  // namespace causeway::load
