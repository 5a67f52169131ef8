// The commands of causeway-sim: what main.cc calls once it has read its flags. Each prints for a
// person and returns the exit status.
#ifndef CAUSEWAY_SCENARIOS_COMMANDS_H_
#define CAUSEWAY_SCENARIOS_COMMANDS_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace causeway::sim {

// Of sysexits.h, so that scripts tell a broken file from a scenario that failed.
inline constexpr int kExitMet = 0;       // all expectations met; or the same
inline constexpr int kExitNotMet = 1;    // not met; or different
inline constexpr int kExitUsage = 64;    // wrong usage
inline constexpr int kExitBadFile = 65;  // a file that cannot be read, or is wrong
inline constexpr int kExitFailed = 70;   // the run could not be made

struct RunFlags {
  std::string file;
  std::string out;  // folder of the report; empty: none
  std::optional<std::uint64_t> seed;
  std::string mechanism;                  // replaces the file's; empty: does not
  bool no_faults = false;                 // leaves out the file's
  std::vector<std::string> fault_groups;  // leaves out the others; empty: none is left out
  bool live = false;
  bool quiet = false;
  bool no_observer = false;
  // With `live` only.
  bool keep_running = false;
  std::string bin_dir;   // empty: where this program lies
  std::string work_dir;  // empty: "processes" in `out`
  std::vector<std::string>
      kills;  // "<process>@<action id>", "<process>@<action id>+<milliseconds>"
};

// How a study runs: a folder of CSV files, or a preset (scenarios/study). Texts are as typed.
struct StudyFlags {
  std::string csv;   // the folder; or
  std::string file;  // a scenario file with a study
  std::string out;   // folder of the results; empty: none
  std::optional<std::uint64_t> seed;
  bool quiet = false;
  // By name without "--", as scenarios/study/options.h has them; those that were not given are
  // empty: the preset's, or the default.
  std::map<std::string, std::string> options;
  std::uint32_t days = 0;  // replaces the preset's; 0: does not
  int decimals = 2;        // with `csv`
  std::string behaviours;  // with `csv`: a file of what its banks do; empty: all pay at once
};

struct CorridorFlags {
  std::string file;
  std::string directory;  // new or empty
  std::string bin_dir;    // empty: where this program lies
};

struct MechanismsFlags {
  std::string file;
  std::optional<std::uint64_t> seed;
};

struct SeedsFlags {
  std::uint64_t first = 1;
  std::uint64_t seeds = 100;
  std::string profile = "mixed";
  std::uint32_t jobs = 0;  // 0: as many as there are cores
  bool modelled = false;
  bool no_shrink = false;
  std::string out = "out/seeds";  // folder for the scenarios that fail
  std::string json;               // file for the figures; empty: none
};

struct SweepFlags {
  std::string file;               // a scenario; or
  std::string csv;                // the folder of a study
  int decimals = 2;               // of its amounts
  std::string behaviours;         // with `csv`: a file of what its banks do; empty: all pay at once
  std::vector<std::string> sets;  // "PATH=VALUE,VALUE"
  std::uint64_t seeds = 1;
  std::optional<std::uint64_t> first_seed;  // none: 1, or the file's when it is the only one
  std::uint32_t jobs = 0;                   // 0: as many as there are cores
  std::string out;
  // Of the curve: a setting or an indicator. Empty: liquidity, of a study without that setting
  // liquidity_value.
  std::string x;
  std::string y;        // empty: delay
  std::string x_label;  // of the plot's axis; empty: made of the name
  std::string y_label;
};

int RunCommand(const RunFlags& flags);
// A line of a table for every mechanism, without faults and with each group of the file's faults.
int MechanismsCommand(const MechanismsFlags& flags);
// Whether a file is the preset of a study, and no scenario.
bool IsStudy(const std::string& file);
// Of a preset: its description, and what `lint` says of it. Nothing when it is not sound; then
// everything that is wrong with it has been said.
std::optional<std::string> DescribeStudy(const std::string& file);
std::optional<std::string> LintStudy(const std::string& file);
// As a shell takes it for one word.
std::string ShellWord(const std::string& word);
// Makes the folder of results where there is none; true when it can be written into, and when none
// is named. Says why not. Asked before the work, not after it.
bool CanWriteInto(const std::string& folder);
// Whether results may go into a folder without overwriting a study's input there: it holds no table
// of one, or `of_results`, which only a folder of results has. Says why not.
bool KeepsInput(const std::string& folder, const char* of_results);
// Runs a study, and writes the payments of a preset as a folder that a study can be run on.
int StudyCommand(const StudyFlags& flags);
int GenerateCommand(const StudyFlags& flags);
// Serves until SIGTERM or SIGINT. Call before any thread is started.
int CorridorCommand(const CorridorFlags& flags);
int ReplayCommand(const std::string& trace_file);
int LintCommand(const std::vector<std::string>& files);
int CompareCommand(const std::string& left, const std::string& right);
int ListCommand(const std::string& directory);
// "mixed, calm, ...": for the help.
std::string ProfileNames();
int SeedsCommand(const SeedsFlags& flags);
// Call without other threads.
int SweepCommand(const SweepFlags& flags);

}  // namespace causeway::sim

#endif  // CAUSEWAY_SCENARIOS_COMMANDS_H_
