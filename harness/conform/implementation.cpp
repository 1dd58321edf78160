// Adapters: ours, and whatever a shell command starts.
#include "harness/conform/implementation.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <utility>

namespace dvipa::conform {
namespace {

class DvipaRun : public Implementation {
 public:
  DvipaRun(std::string executable, std::string port, std::string mutant)
      : executable_(std::move(executable)), port_(std::move(port)), mutant_(std::move(mutant)) {}
  std::string description() const override {
    return "dvipa run, " + port_ + " port" + (mutant_.empty() ? "" : ", mutant " + mutant_);
  }
  std::vector<std::string> command(const StackFiles& files) const override {
    std::vector<std::string> words = {executable_, "run",         "--cluster",     files.cluster, "--name",
                                      files.name,  "--interface", files.interface, "--profile",   files.profile,
                                      "--log",     files.log,     "--port",        port_};
    if (!mutant_.empty()) words.insert(words.end(), {"--mutant", mutant_});
    return words;
  }
  bool tells_events() const override { return true; }
  std::vector<std::string> operate(const std::vector<std::string>& words) const override {
    std::vector<std::string> command = {executable_, "vary"};
    command.insert(command.end(), words.begin(), words.end());
    return command;
  }

 private:
  std::string executable_;
  std::string port_;
  std::string mutant_;
};

class Command : public Implementation {
 public:
  explicit Command(std::string command) : command_(std::move(command)) {}
  std::string description() const override { return command_; }
  std::vector<std::string> command(const StackFiles& files) const override {
    std::string text = command_;
    const std::array<std::pair<std::string, std::string>, 5> values = {{{"{name}", files.name},
                                                                        {"{interface}", files.interface},
                                                                        {"{cluster}", files.cluster},
                                                                        {"{profile}", files.profile},
                                                                        {"{log}", files.log}}};
    for (const auto& [key, value] : values)
      for (auto at = text.find(key); at != std::string::npos; at = text.find(key, at + value.size()))
        text.replace(at, key.size(), value);
    // exec: signals are for the stack, not for its shell.
    return {"/bin/sh", "-c", "exec " + text};
  }
  bool tells_events() const override { return false; }
  std::vector<std::string> operate(const std::vector<std::string>&) const override { return {}; }

 private:
  std::string command_;
};

}  // namespace

lab::Result<lab::Process> Implementation::start(lab::Lab& lab, const StackFiles& files) const {
  const auto words = command(files);
  return lab.start(files.name, [&]() -> int {
    const int output = ::open(files.output.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
    if (output < 0 || ::dup2(output, STDOUT_FILENO) < 0 || ::dup2(output, STDERR_FILENO) < 0) return 127;
    return lab::execute(words);
  });
}

std::unique_ptr<Implementation> dvipa_implementation(std::string executable, std::string port, std::string mutant) {
  return std::make_unique<DvipaRun>(std::move(executable), std::move(port), std::move(mutant));
}

std::unique_ptr<Implementation> command_implementation(std::string command) {
  return std::make_unique<Command>(std::move(command));
}

}  // namespace dvipa::conform
