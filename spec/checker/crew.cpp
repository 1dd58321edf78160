// Rounds of work between two meeting points. A round takes about a millisecond, so waiting begins with spinning.
#include "spec/checker/crew.hpp"

namespace dvipa::checker {
namespace {

constexpr unsigned kSpins = 4000;

void wait_while(const std::atomic<std::uint32_t>& value, std::uint32_t old) {
  for (unsigned i = 0; i < kSpins; ++i) {
    if (value.load(std::memory_order_acquire) != old) return;
#if defined(__x86_64__)
    __builtin_ia32_pause();
#endif
  }
  value.wait(old, std::memory_order_acquire);
}

}  // namespace

Crew::Crew(unsigned threads) {
  for (unsigned worker = 1; worker < threads; ++worker) helpers_.emplace_back([this, worker] { help(worker); });
}

Crew::~Crew() {
  stop_.store(true, std::memory_order_relaxed);
  round_.fetch_add(1, std::memory_order_release);
  round_.notify_all();
  for (auto& helper : helpers_) helper.join();
}

void Crew::run(std::size_t tasks, const std::function<void(std::size_t, unsigned)>& work) {
  work_ = &work;
  tasks_ = tasks;
  next_.store(0, std::memory_order_relaxed);
  if (tasks < 2 || helpers_.empty()) {
    take_tasks(0);
    return;
  }
  busy_.store(static_cast<std::uint32_t>(helpers_.size()), std::memory_order_relaxed);
  round_.fetch_add(1, std::memory_order_release);
  round_.notify_all();
  take_tasks(0);
  for (std::uint32_t busy = busy_.load(std::memory_order_acquire); busy != 0;
       busy = busy_.load(std::memory_order_acquire))
    wait_while(busy_, busy);
}

void Crew::help(unsigned worker) {
  for (std::uint32_t seen = 0;; ++seen) {
    wait_while(round_, seen);
    if (stop_.load(std::memory_order_relaxed)) return;
    take_tasks(worker);
    if (busy_.fetch_sub(1, std::memory_order_acq_rel) == 1) busy_.notify_one();
  }
}

void Crew::take_tasks(unsigned worker) {
  for (;;) {
    const std::size_t task = next_.fetch_add(1, std::memory_order_relaxed);
    if (task >= tasks_) return;
    (*work_)(task, worker);
  }
}

}  // namespace dvipa::checker
