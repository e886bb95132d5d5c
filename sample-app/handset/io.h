/// Where a command's words go and where answers come from: this process's own streams, or another process's through the
/// owner's socket (owner.h). out(), err() and ask() belong to the command's thread; interrupt() may come from any.
#pragma once
#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace handset {

/// Why a command is to end before its time.
enum class Stop : int {
  kNone,
  kUser,     ///< Ctrl-C, a terminal that went away, or nobody reads what is written
  kRestart,  ///< the phone restarts under it: begin again
};

class Io {
 public:
  virtual ~Io() = default;
  /// Standard output; buffered until flush(). When the reader has gone the command is interrupted.
  virtual void out(std::string_view) = 0;
  virtual void flush() = 0;
  virtual void err(std::string_view) = 0;
  /// Asks a person on the terminal. Nothing: there is no terminal, or no answer.
  virtual std::optional<std::string> ask(std::string_view question, bool secret) = 0;

  bool out_terminal = false, err_terminal = false, can_ask = false;
  std::size_t columns = 80;
  std::optional<long> utc_offset_s;  ///< of the person's time zone, where it is not this process's

  void interrupt(Stop);
  Stop stopped() const { return static_cast<Stop>(stop_.load()); }
  void resume() { stop_ = static_cast<int>(Stop::kNone); }
  /// Called once more by interrupt(); null: nobody.
  void on_interrupt(std::function<void()>);

 private:
  std::atomic<int> stop_{0};
  std::mutex mutex_;
  std::function<void()> waker_;
};

/// This process's own streams.
class LocalIo final : public Io {
 public:
  LocalIo();
  void out(std::string_view) override;
  void flush() override;
  void err(std::string_view) override;
  std::optional<std::string> ask(std::string_view question, bool secret) override;

 private:
  std::string pending_;
};

/// Writes all of it; false: nobody reads any more.
bool write_all(int fd, std::string_view);

}  // namespace handset
