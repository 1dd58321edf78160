#pragma once
// A fixed number of threads that share out numbered tasks; the caller is one of them.
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

namespace dvipa::checker {

class Crew {
 public:
  explicit Crew(unsigned threads);
  ~Crew();
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;
  unsigned size() const { return static_cast<unsigned>(helpers_.size()) + 1; }

  // Calls work(task, worker) for every task from 0 to tasks - 1, worker < size(), and returns when all are done. What
  // the tasks wrote is then visible to the caller. The order is not fixed: tasks must not depend on each other.
  void run(std::size_t tasks, const std::function<void(std::size_t task, unsigned worker)>& work);

 private:
  void help(unsigned worker);
  void take_tasks(unsigned worker);

  const std::function<void(std::size_t, unsigned)>* work_ = nullptr;
  std::size_t tasks_ = 0;
  std::atomic<std::size_t> next_{0};
  std::atomic<std::uint32_t> round_{0};
  std::atomic<std::uint32_t> busy_{0};
  std::atomic<bool> stop_{false};
  std::vector<std::thread> helpers_;
};

}  // namespace dvipa::checker
