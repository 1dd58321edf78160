// A standing lab is a sandbox without a caller; a note in the user's runtime folder tells the next command where it is.
#include "harness/lab/standing.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "harness/lab/pidfd.hpp"
#include "harness/lab/sandbox.hpp"

namespace dvipa::lab {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

// Says over `socket` which process (0: none) `text` is about; the kernel translates the number for the receiver's
// namespace.
bool send_about(int socket, const std::string& text, pid_t process) {
  iovec part{const_cast<char*>(text.data()), text.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(ucred))> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_CREDENTIALS;
  header->cmsg_len = CMSG_LEN(sizeof(ucred));
  const ucred credentials{process != 0 ? process : ::getpid(), ::getuid(), ::getgid()};
  std::memcpy(CMSG_DATA(header), &credentials, sizeof credentials);
  return ::sendmsg(socket, &message, MSG_NOSIGNAL) >= 0;
}

struct Said {
  std::string text;  // empty at the end
  pid_t process = 0;
};

Said receive_about(int socket) {
  std::array<char, 4096> text{};
  iovec part{text.data(), text.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(ucred))> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t got = ::recvmsg(socket, &message, 0);
  Said said;
  if (got <= 0) return said;
  said.text.assign(text.data(), static_cast<std::size_t>(got));
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_CREDENTIALS) continue;
    ucred credentials{};
    std::memcpy(&credentials, CMSG_DATA(header), sizeof credentials);
    said.process = credentials.pid;
  }
  return said;
}

// The life of a standing lab, inside its sandbox.
int stand(const Plan& plan, int socket) {
  auto lab = Lab::build(plan);
  if (!lab) {
    send_about(socket, "failed " + lab.error().what + "\n" + lab.error().remedy, 0);
    return 1;
  }
  for (const HostPlan& host : lab->hosts())
    if (!send_about(socket, "host " + host.name, lab->holder(host.name))) return 1;
  send_about(socket, "done", 0);
  ::close(socket);
  for (;;) ::pause();
}

Result<fs::path> notes_folder() {
  const uid_t user = ::geteuid();
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  fs::path folder = user == 0 ? "/run/dvipa" : fmt::format("/tmp/dvipa-{}", user);
  if (user != 0 && runtime != nullptr && *runtime == '/') folder = fs::path(runtime) / "dvipa";
  std::error_code error;
  fs::create_directories(folder, error);
  struct stat seen {};
  if (error || ::stat(folder.c_str(), &seen) != 0)
    return tl::unexpected(
        Failure{fmt::format("{}: {}", folder.string(), error.message()), "make it a writable folder"});
  if (seen.st_uid != user) return tl::unexpected(Failure{folder.string() + " belongs to another user", "remove it"});
  ::chmod(folder.c_str(), 0700);
  return folder;
}

std::uint64_t start_of(pid_t process) {
  std::ifstream file(fmt::format("/proc/{}/stat", process));
  std::string line;
  std::getline(file, line);
  const auto name_end = line.rfind(')');  // the name may hold anything
  if (name_end == std::string::npos) return 0;
  std::istringstream fields(line.substr(name_end + 1));
  std::string field;
  for (int i = 3; i <= 22; ++i) fields >> field;
  return fields ? std::strtoull(field.c_str(), nullptr, 10) : 0;
}

json note_of(const StandingLab& lab) {
  json hosts = json::array();
  for (const StandingHost& host : lab.hosts)
    hosts.push_back({{"name", host.name}, {"addresses", host.addresses}, {"holder", host.holder}});
  return {{"name", lab.name}, {"keeper", lab.keeper}, {"keeper_started", lab.keeper_started}, {"hosts", hosts}};
}

// Empty for a note that is damaged.
std::optional<StandingLab> read_note(const fs::path& path) {
  std::ifstream file(path);
  const json note = json::parse(file, nullptr, false);
  StandingLab lab;
  lab.name = path.stem();
  try {
    lab.keeper = note.at("keeper").get<pid_t>();
    lab.keeper_started = note.at("keeper_started").get<std::uint64_t>();
    for (const json& host : note.at("hosts"))
      lab.hosts.push_back({host.at("name"), host.at("addresses"), host.at("holder").get<pid_t>()});
  } catch (const json::exception&) {
    return std::nullopt;
  }
  lab.alive = start_of(lab.keeper) == lab.keeper_started && lab.keeper_started != 0;
  return lab;
}

Result<void> write_note(const StandingLab& lab, const fs::path& path) {
  const fs::path fresh = path.string() + fmt::format(".{}", ::getpid());
  std::ofstream file(fresh);
  file << note_of(lab).dump(2) << '\n';
  file.close();
  std::error_code error;
  if (file) fs::create_hard_link(fresh, path, error);  // unlike a rename, it does not replace another lab's
  const bool written = file.good();
  fs::remove(fresh, error);
  if (!written || !fs::exists(path)) return tl::unexpected(Failure{"write " + path.string(), "make room there"});
  return {};
}

Result<void> hear_hosts(int socket, const Plan& plan, StandingLab& lab) {
  for (;;) {
    const Said said = receive_about(socket);
    if (said.text == "done") return {};
    if (said.text.starts_with("host ")) {
      StandingHost host{said.text.substr(5), {}, said.process};
      for (const HostPlan& planned : plan.hosts)
        if (planned.name == host.name)
          for (const Address& address : planned.addresses) host.addresses.push_back(to_string(address));
      lab.hosts.push_back(std::move(host));
      continue;
    }
    const auto line_end = said.text.find('\n');
    if (!said.text.starts_with("failed ") || line_end == std::string::npos)
      return tl::unexpected(Failure{"the lab died while it was built", "try again"});
    return tl::unexpected(Failure{said.text.substr(7, line_end - 7), said.text.substr(line_end + 1)});
  }
}

bool same_user_namespace(pid_t process) {
  struct stat ours {};
  struct stat theirs {};
  return ::stat("/proc/self/ns/user", &ours) == 0 &&
         ::stat(fmt::format("/proc/{}/ns/user", process).c_str(), &theirs) == 0 && ours.st_ino == theirs.st_ino;
}

bool is_lab_name(const std::string& name) {
  return !name.empty() && name.size() <= 40 &&
         std::ranges::all_of(name, [](unsigned char c) { return std::isalnum(c) != 0 || c == '-'; });
}

}  // namespace

Result<StandingLab> put_up(const std::string& name, const Plan& plan) {
  if (!is_lab_name(name))
    return tl::unexpected(Failure{"'" + name + "' cannot be the name of a lab", "use letters, digits, '-'"});
  const auto folder = notes_folder();
  if (!folder) return tl::unexpected(folder.error());
  const fs::path path = *folder / (name + ".json");
  if (const auto old = read_note(path); old && old->alive)
    return tl::unexpected(Failure{"lab '" + name + "' is up already", "dvipa lab down --name " + name});
  fs::remove(path);
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) return failure("socketpair", errno);
  const FileDescriptor ear(ends[0]);
  FileDescriptor mouth(ends[1]);
  const int on = 1;
  ::setsockopt(ear.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
  auto sandbox = run_in_sandbox(Lifetime::own, [&] { return stand(plan, mouth.get()); });
  if (!sandbox) return tl::unexpected(sandbox.error());
  mouth.reset();
  StandingLab lab{name, sandbox->keeper, start_of(sandbox->keeper), true, {}};
  auto done = hear_hosts(ear.get(), plan, lab);
  if (done) done = write_note(lab, path);
  if (!done) {
    ::kill(lab.keeper, SIGKILL);
    return tl::unexpected(done.error());
  }
  return lab;
}

Result<std::vector<StandingLab>> standing_labs() {
  const auto folder = notes_folder();
  if (!folder) return tl::unexpected(folder.error());
  std::vector<StandingLab> labs;
  for (const fs::directory_entry& entry : fs::directory_iterator(*folder)) {
    if (entry.path().extension() != ".json") continue;
    if (auto lab = read_note(entry.path())) {
      labs.push_back(std::move(*lab));
    } else {
      labs.push_back({entry.path().stem(), 0, 0, false, {}});
    }
  }
  std::ranges::sort(labs, {}, &StandingLab::name);
  return labs;
}

Result<StandingLab> standing_lab(const std::string& name) {
  const auto labs = standing_labs();
  if (!labs) return tl::unexpected(labs.error());
  const auto found = std::ranges::find(*labs, name, &StandingLab::name);
  if (found == labs->end())
    return tl::unexpected(Failure{"there is no lab '" + name + "'", "dvipa lab up --name " + name});
  return *found;
}

Result<ExitStatus> run_inside(const StandingLab& lab, const std::string& host, const std::vector<std::string>& words) {
  if (!lab.alive)
    return tl::unexpected(Failure{"lab '" + lab.name + "' has ended", "dvipa lab down --name " + lab.name});
  const auto found = std::ranges::find(lab.hosts, host, &StandingHost::name);
  if (found == lab.hosts.end())
    return tl::unexpected(Failure{"there is no host '" + host + "'", "see dvipa lab status"});
  const FileDescriptor holder(::pidfd_open(found->holder, 0));
  if (!holder) return failure("find the holder of " + host, errno);
  int flags = CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWPID;
  if (!same_user_namespace(found->holder)) flags |= CLONE_NEWUSER;
  std::error_code error;
  const fs::path here = fs::current_path(error);
  // A PID namespace is entered by the next child, not by the process that asks for it.
  auto door = Process::start([&]() -> int {
    if (!enter(holder.get(), flags)) {
      fmt::print(stderr, "enter {}: {}\n", host, std::strerror(errno));
      return 127;
    }
    if (::chdir(here.c_str()) != 0 && ::chdir("/") != 0) return 127;
    // No parent check here: the command's parent is outside of its PID namespace.
    const pid_t command = ::fork();
    if (command == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      ::_exit(execute(words));
    }
    int raw = 0;
    while (command > 0 && ::waitpid(command, &raw, 0) < 0 && errno == EINTR) {
    }
    if (command < 0) return 127;
    return WIFSIGNALED(raw) ? 128 + WTERMSIG(raw) : WEXITSTATUS(raw);
  });
  if (!door) return tl::unexpected(door.error());
  return *door->wait(std::chrono::hours(24 * 365));
}

Result<void> take_down(const StandingLab& lab) {
  const auto folder = notes_folder();
  if (!folder) return tl::unexpected(folder.error());
  if (lab.alive) {
    const FileDescriptor keeper(::pidfd_open(lab.keeper, 0));
    // Between the look at its start and the pidfd the number could have gone to another process.
    if (keeper && start_of(lab.keeper) == lab.keeper_started) {
      if (::pidfd_send_signal(keeper.get(), SIGKILL, nullptr, 0) != 0)
        return failure("end lab '" + lab.name + "'", errno);
      pollfd ended{keeper.get(), POLLIN, 0};
      ::poll(&ended, 1, 10000);
    }
  }
  std::error_code error;
  fs::remove(*folder / (lab.name + ".json"), error);
  return {};
}

}  // namespace dvipa::lab
