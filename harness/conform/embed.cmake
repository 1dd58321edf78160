# Writes OUTPUT, a C++ source that holds the text of FILES for example_files() of example.hpp.
set(entries "")
foreach(file IN LISTS FILES)
  get_filename_component(name ${file} NAME)
  file(READ ${file} text)
  string(APPEND entries "    {\"${name}\", R\"example(${text})example\"},\n")
endforeach()
file(WRITE ${OUTPUT} "// Generated from the files of the example.
#include \"harness/conform/example.hpp\"

namespace dvipa::conform {
namespace {

constexpr ExampleFile files[] = {
${entries}};

}  // namespace

std::span<const ExampleFile> example_files() { return files; }

}  // namespace dvipa::conform
")
