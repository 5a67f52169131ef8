// causeway-sim: runs, replays, checks and compares scenarios.
#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "scenarios/commands.h"
#include "scenarios/study/options.h"

namespace causeway::sim {
namespace {

CLI::App* AddSweep(CLI::App& app, SweepFlags& flags) {
  CLI::App* sweep =
      app.add_subcommand("sweep", "Run a grid of settings and seeds; one table, one curve");
  CLI::Option* file =
      sweep->add_option("FILE", flags.file, "Scenario or preset of a study, *.txtpb");
  sweep->add_option("--csv", flags.csv, "Instead of FILE: the folder of a study")->excludes(file);
  sweep->add_option("--decimals", flags.decimals, "With --csv: decimals of an amount")
      ->check(CLI::Range(0, 6))
      ->capture_default_str();
  sweep->add_option("--behaviours", flags.behaviours,
                    "With --csv: a file of what its banks do with payments that fall due");
  sweep
      ->add_option(
          "--set", flags.sets,
          "PATH=VALUE,VALUE,...: a field of the file by its path, such as "
          "generators[0].payments or participants[*].country; repeatable, all "
          "combinations are run, and the curve runs along the one that --x names, else the first. "
          "With --csv or a study's "
          "preset also any option of a study by its name, such as liquidity, queue or lsm (several "
          "joined by +)")
      ->allow_extra_args(false);
  sweep->add_option("--seeds", flags.seeds, "How many seeds for each combination")
      ->capture_default_str();
  sweep->add_option("--first-seed", flags.first_seed,
                    "The first of them; without it 1, or the file's when one is run");
  sweep->add_option("--jobs", flags.jobs, "Processes; 0: one for each core");
  sweep->add_option("--x", flags.x,
                    "Of the curve: a setting or an indicator; without it liquidity, of a study "
                    "without that setting liquidity_value");
  sweep->add_option("--y", flags.y, "Of the curve; without it delay");
  sweep->add_option("--x-label", flags.x_label, "What the plot's axis says instead of the name");
  sweep->add_option("--y-label", flags.y_label, "The same of the other axis");
  sweep
      ->add_option("--out", flags.out,
                   "Folder for sweep.csv, curve.csv, report.html and the completed runs; one that "
                   "holds a part of this sweep is completed")
      ->required();
  return sweep;
}

void AddStudyFlags(CLI::App& run, CLI::Option& file, StudyFlags& study) {
  const std::string group = "Studies (--csv, or a study's preset)";
  run.add_option("--csv", study.csv, "Run a study: a folder of CSV files")
      ->excludes(&file)
      ->group(group);
  for (const study::OptionHelp& option : study::AllOptions()) {
    run.add_option("--" + option.name, study.options[option.name], option.help)->group(group);
  }
  run.add_option("--days", study.days, "Of a preset: draws so many days")
      ->check(CLI::Range(1, 366))
      ->group(group);
  run.add_option("--behaviours", study.behaviours,
                 "With --csv: a file of what its banks do with payments that fall due")
      ->group(group);
  run.add_option("--decimals", study.decimals, "With --csv: decimals of an amount (2)")
      ->check(CLI::Range(0, 6))
      ->group(group);
}

// Flags of the one kind say nothing of the other, and whoever gave them would not know.
int RunEither(const CLI::App& run, const RunFlags& flags, StudyFlags& study) {
  const bool is_study = !study.csv.empty() || IsStudy(flags.file);
  const auto refuses = [&run](const std::vector<std::string>& names, const char* whose) {
    for (const std::string& name : names) {
      if (run.count(name) == 0) continue;
      fmt::print(stderr, "{} is for {}\n", name, whose);
      return true;
    }
    return false;
  };
  std::vector<std::string> of_studies = {"--days", "--decimals", "--behaviours"};
  for (const study::OptionHelp& option : study::AllOptions()) {
    of_studies.push_back("--" + option.name);
  }
  if (is_study ? refuses({"--live", "--mechanism", "--no-faults", "--faults", "--kill",
                          "--keep-running", "--no-observer", "--bin-dir", "--work-dir"},
                         "scenarios")
               : refuses(of_studies, "studies")) {
    return kExitUsage;
  }
  if (study.csv.empty() ? refuses({"--decimals", "--behaviours"}, "--csv; a preset states its own")
                        : refuses({"--days"}, "presets; a folder has its days")) {
    return kExitUsage;
  }
  if (!study.csv.empty() && run.count("--behaviours") == 0 &&
      refuses({"--seed"},
              "presets, scenarios and behaviours; there is no chance in a folder of payments")) {
    return kExitUsage;
  }
  study.file = flags.file;
  study.out = flags.out;
  study.seed = flags.seed;
  study.quiet = flags.quiet;
  if (is_study) return StudyCommand(study);
  if (!flags.file.empty()) return RunCommand(flags);
  fmt::print(stderr, "run needs FILE or --csv DIR\n");
  return kExitUsage;
}

int Main(int argc, char** argv) {
  CLI::App app{"Runs scenarios of an interoperable CBDC network, simulated or live.",
               "causeway-sim"};
  app.set_version_flag("--version", "causeway-sim " CAUSEWAY_VERSION);
  app.require_subcommand(1);
  app.footer(
      "Exit status: 0 all expectations met (or: the same), 1 not, 64 wrong usage, 65 a file that\n"
      "cannot be read or is wrong, 70 the run could not be made.");
  RunFlags flags;
  CLI::App* run = app.add_subcommand("run", "Run a scenario file");
  CLI::Option* file = run->add_option("FILE", flags.file, "Scenario, *.txtpb");
  run->add_option("--out", flags.out,
                  "Folder for report.html, report.json, the tables and the trace");
  run->add_option("--seed", flags.seed, "Replaces the file's seed");
  run->add_option("--mechanism", flags.mechanism, "Replaces the file's mechanism for PvP");
  run->add_flag("--no-faults", flags.no_faults, "Leaves out the file's faults");
  run->add_option("--faults", flags.fault_groups,
                  "Only faults whose name, up to the first point, is this; repeatable")
      ->allow_extra_args(false)
      ->excludes("--no-faults");
  run->add_flag("--live", flags.live, "Against real processes on loopback, not in virtual time");
  run->add_flag("--quiet", flags.quiet, "No table and no progress: the exit status tells");
  run->add_flag("--no-observer", flags.no_observer, "Simulate without the observer: faster");
  run->add_flag("--keep-running", flags.keep_running, "With --live: leave the processes up");
  run->add_option("--bin-dir", flags.bin_dir, "With --live: where the programs lie");
  run->add_option("--work-dir", flags.work_dir,
                  "With --live: keys, journals and logs go here, into an empty folder; without it "
                  "into 'processes' in --out, made anew");
  run->add_option("--kill", flags.kills,
                  "With --live: PROCESS@ACTION[+MS] kills a process before an action, or so many "
                  "milliseconds after it began, and starts it again; repeatable")
      ->allow_extra_args(false);
  MechanismsFlags mechanisms_flags;
  CLI::App* mechanisms = app.add_subcommand(
      "mechanisms", "Compare the mechanisms for PvP on one scenario, with and without its faults");
  mechanisms->add_option("FILE", mechanisms_flags.file, "Scenario, *.txtpb")->required();
  mechanisms->add_option("--seed", mechanisms_flags.seed, "Replaces the file's seed");
  StudyFlags study;
  AddStudyFlags(*run, *file, study);
  StudyFlags generated;
  CLI::App* generate =
      app.add_subcommand("generate", "Write the payments of a study's preset as CSV files");
  generate->add_option("FILE", generated.file, "Preset, *.txtpb")->required();
  generate->add_option("--out", generated.out, "Folder for the files")->required();
  generate->add_option("--seed", generated.seed, "Replaces the file's seed");
  generate->add_option("--days", generated.days, "Draws so many days")->check(CLI::Range(1, 366));
  generate->add_flag("--quiet", generated.quiet, "Prints nothing");
  CorridorFlags corridor_flags;
  CLI::App* corridor =
      app.add_subcommand("corridor", "Run a scenario's network without its traffic, live");
  corridor->add_option("FILE", corridor_flags.file, "Scenario, *.txtpb")->required();
  corridor
      ->add_option("--dir", corridor_flags.directory,
                   "New folder for keys, journals, logs and corridor.json")
      ->required();
  corridor->add_option("--bin-dir", corridor_flags.bin_dir, "Where the programs lie");
  SeedsFlags seeds_flags;
  CLI::App* seeds =
      app.add_subcommand("seeds", "Simulate many drawn scenarios with faults; shrink what fails");
  seeds->add_option("--seeds", seeds_flags.seeds, "How many")->capture_default_str();
  seeds->add_option("--first", seeds_flags.first, "The first of them")->capture_default_str();
  seeds->add_option("--profile", seeds_flags.profile, "What is drawn: " + ProfileNames())
      ->capture_default_str();
  seeds->add_option("--jobs", seeds_flags.jobs, "Processes; 0: one for each core");
  seeds->add_flag("--modelled", seeds_flags.modelled, "Modelled signatures: many times faster");
  seeds->add_flag("--no-shrink", seeds_flags.no_shrink, "Report what fails as it was drawn");
  seeds->add_option("--out", seeds_flags.out, "Folder for scenarios that fail")
      ->capture_default_str();
  seeds->add_option("--json", seeds_flags.json, "Write figures and coverage to this file");
  SweepFlags sweep_flags;
  CLI::App* sweep = AddSweep(app, sweep_flags);
  std::string trace;
  CLI::App* replay = app.add_subcommand("replay", "Execute a trace again and compare");
  replay->add_option("TRACE", trace, "trace.bin of a run")->required();
  std::vector<std::string> files;
  CLI::App* lint = app.add_subcommand("lint", "Check scenario files and presets of studies");
  lint->add_option("FILE", files, "Scenarios and presets, *.txtpb")->required();
  std::string left;
  std::string right;
  CLI::App* compare = app.add_subcommand("compare", "Compare two reports");
  compare->add_option("DIR1", left, "Folder of one run")->required();
  compare->add_option("DIR2", right, "Folder of the other")->required();
  std::string directory = "scenarios";
  CLI::App* list = app.add_subcommand(
      "list", "List scenario files and presets of studies with their descriptions");
  list->add_option("DIR", directory, "Folder that holds them, or folders with them")
      ->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? kExitMet : kExitUsage;
  }
  if (run->parsed()) return RunEither(*run, flags, study);
  if (mechanisms->parsed()) return MechanismsCommand(mechanisms_flags);
  if (generate->parsed()) return GenerateCommand(generated);
  if (corridor->parsed()) return CorridorCommand(corridor_flags);
  if (seeds->parsed()) return SeedsCommand(seeds_flags);
  if (sweep->parsed()) return SweepCommand(sweep_flags);
  if (replay->parsed()) return ReplayCommand(trace);
  if (lint->parsed()) return LintCommand(files);
  if (compare->parsed()) return CompareCommand(left, right);
  return ListCommand(directory);
}

}  // namespace
}  // namespace causeway::sim

int main(int argc, char** argv) { return causeway::sim::Main(argc, argv); }
