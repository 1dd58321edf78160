// A report that could not be written whole is an error with the file's name, never a crash and never half a file that
// looks whole.
#include <fmt/core.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "harness/report/report.hpp"

namespace dvipa::report {
namespace {

namespace fs = std::filesystem;

tl::unexpected<WriteError> cannot_write(const std::string& path, int error_number) {
  return tl::unexpected(WriteError{fmt::format("write {}: {}", path, std::strerror(error_number))});
}

// Through a file beside it: a reader sees the old one or the whole new one.
tl::expected<void, WriteError> write_file(const std::string& path, std::string_view text) {
  const std::string fresh = path + ".new";
  std::FILE* file = std::fopen(fresh.c_str(), "we");
  if (file == nullptr) return cannot_write(path, errno);
  bool fine = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  fine = std::fflush(file) == 0 && fine;
  int error_number = fine ? 0 : errno;
  if (std::fclose(file) != 0 && error_number == 0) error_number = errno;
  if (error_number == 0 && std::rename(fresh.c_str(), path.c_str()) != 0) error_number = errno;
  if (error_number == 0) return {};
  std::remove(fresh.c_str());
  return cannot_write(path, error_number);
}

}  // namespace

tl::expected<void, WriteError> prepare_folder(const std::string& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return cannot_write(folder, error.value());
  // A first file with content: a full disk lets empty ones be made.
  const std::string probe = folder + "/.writable";
  auto written = write_file(probe, std::string(4096, '\n'));
  fs::remove(probe, error);
  return written;
}

tl::expected<void, WriteError> write_report(const conform::SuiteResult& suite, const std::string& folder) {
  if (auto prepared = prepare_folder(folder); !prepared) return prepared;
  const std::string json = json_of(suite).dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  if (auto written = write_file(folder + "/report.json", json); !written) return written;
  if (auto written = write_file(folder + "/junit.xml", junit_of(suite)); !written) return written;
  return write_file(folder + "/report.txt", table_of(suite));
}

}  // namespace dvipa::report
