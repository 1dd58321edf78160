#pragma once
// Does what takes the kernel milliseconds (nftables transactions, walks through its socket table) in a thread of its
// own, one job after the other, so that the thread that forwards never waits for it.
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <thread>
#include <utility>

namespace dvipa {

class HostWorker {
 public:
  // Completions run in `io`'s thread.
  explicit HostWorker(boost::asio::io_context& io)
      : io_(io), guard_(jobs_.get_executor()), thread_([this] { jobs_.run(); }) {}
  HostWorker(const HostWorker&) = delete;
  HostWorker& operator=(const HostWorker&) = delete;
  // Finishes what was given; completions that have not run by then never do.
  ~HostWorker() {
    guard_.reset();
    thread_.join();
  }

  // Runs `job()` in the worker, then `completion(result)` in `io`'s thread.
  template <class Job, class Completion>
  void run(Job job, Completion completion) {
    boost::asio::post(jobs_, [this, job = std::move(job), completion = std::move(completion)]() mutable {
      boost::asio::post(
          io_, [result = job(), completion = std::move(completion)]() mutable { completion(std::move(result)); });
    });
  }

 private:
  boost::asio::io_context& io_;
  boost::asio::io_context jobs_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> guard_;
  std::thread thread_;
};

}  // namespace dvipa
