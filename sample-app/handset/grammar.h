/// The commands and options of `handset` and what each says of itself: nothing here looks at what they mean.
#pragma once
#include <CLI/CLI.hpp>
#include <initializer_list>
#include <string>

#include "handset/command_line.h"

namespace handset {

inline constexpr const char* kVersion = "handset 0.1.0 (Handsync)";

/// The tree of commands, bound to one CommandLine.
class Grammar {
 public:
  explicit Grammar(CommandLine& line);

  CLI::App& app() { return app_; }
  /// The command that was given, with its group: "account add".
  std::string chosen() const;
  const std::string& switch_text() const { return switch_text_; }
  const std::string& days_text() const { return days_text_; }
  const std::string& clock_text() const { return clock_text_; }
  bool days_given() const { return set_days_->count() != 0; }
  const std::string& body_text() const { return body_text_; }
  const std::string& tls_text() const { return tls_text_; }

 private:
  CLI::App* command(CLI::App& parent, const char* name, const char* about);
  CLI::App* group(const char* name, const char* about);

  void accounts();
  void password_and_pin(CLI::App& to);
  void mail();

  struct Field {
    const char *name, *about, *type;
  };
  /// Options that are taken as they are; what they mean is looked at when the command runs.
  void fields(CLI::App& app, std::initializer_list<Field> all);
  void options(CLI::App& app, std::initializer_list<Field> all);
  void event_fields(CLI::App& app);
  void contact_fields(CLI::App& app);
  void task_fields(CLI::App& app);
  void note_fields(CLI::App& app);

  void personal();
  void questions();
  void messages();
  void message(CLI::App& to);
  void device();

  CommandLine& line_;
  CLI::App app_;
  std::string body_text_, tls_text_;
  std::string clock_text_, days_text_, switch_text_;
  CLI::Option* set_days_ = nullptr;
};

}  // namespace handset
