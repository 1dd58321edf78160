#include "harness/world/campaign.hpp"

#include <chrono>
#include <mutex>
#include <thread>
#include <vector>

namespace dvipa::world {
namespace {

using Clock = std::chrono::steady_clock;

class Campaign {
 public:
  explicit Campaign(const CampaignOptions& options) : options_(options), next_(options.first) {}

  CampaignResult run() {
    std::vector<std::thread> crew;
    for (unsigned n = 1; n < options_.jobs; ++n) crew.emplace_back([this] { work(); });
    work();
    for (std::thread& each : crew) each.join();
    return result_;
  }

 private:
  void work() {
    while (const auto seed = take()) {
      const Outcome outcome = play(make_schedule(*seed, options_.limits));
      note(*seed, outcome);
    }
  }

  std::optional<std::uint64_t> take() {
    const std::scoped_lock lock(mutex_);
    const bool over = next_ > options_.last || result_.broken || (options_.interrupt && *options_.interrupt);
    return over ? std::nullopt : std::optional(next_++);
  }

  void note(std::uint64_t seed, const Outcome& outcome) {
    const std::scoped_lock lock(mutex_);
    ++result_.seeds;
    result_.steps += outcome.steps;
    result_.digest += outcome.digest * (2 * seed + 1);
    if (outcome.violation && (!result_.broken || seed < *result_.broken)) {
      result_.broken = seed;
      result_.violation = outcome.violation;
    }
    if (options_.progress && Clock::now() - told_at_ >= std::chrono::seconds(2)) {
      told_at_ = Clock::now();
      options_.progress(result_.seeds, result_.steps);
    }
  }

  const CampaignOptions& options_;
  std::mutex mutex_;
  std::uint64_t next_;
  CampaignResult result_;
  Clock::time_point told_at_ = Clock::now();
};

}  // namespace

CampaignResult run_campaign(const CampaignOptions& options) { return Campaign(options).run(); }

}  // namespace dvipa::world
