/// The workload of the benches: generated mails. Mail i is a pure function of i, the same in every program and on every
/// machine (integer arithmetic only): about 1,985 bytes of WBXML, an HTML body of about 1,465, one in ten with an
/// attachment, one word in forty with a letter outside ASCII.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

namespace handsync::bench {

class Random {  // xorshift64*
 public:
  explicit Random(std::uint64_t seed) : state_(seed * 0x9E3779B97F4A7C15u + 0x1234567u) {
    next();
    next();
  }
  std::uint32_t next() {
    state_ ^= state_ >> 12;
    state_ ^= state_ << 25;
    state_ ^= state_ >> 27;
    return static_cast<std::uint32_t>((state_ * 0x2545F4914F6CDD1Du) >> 32);
  }
  std::uint32_t below(std::uint32_t limit) {
    return static_cast<std::uint32_t>((static_cast<std::uint64_t>(next()) * limit) >> 32);
  }

 private:
  std::uint64_t state_;
};

struct Mail {
  std::string server_id, subject, from, to, cc, display_to, thread_topic, date, preview, body;
  std::string attachment_name, attachment_reference;  // empty: none
  std::uint32_t attachment_bytes = 0, importance = 1, read = 0, flag = 0;
  std::uint8_t conversation_id[16], conversation_index[5];
};

/// 3,000 words that can be pronounced, of 2 to 11 letters.
inline const std::vector<std::string>& words() {
  static const std::vector<std::string> made = [] {
    constexpr const char* kConsonants[] = {"b", "c", "d", "f", "g", "h", "k",  "l",  "m",  "n",
                                           "p", "r", "s", "t", "v", "w", "st", "tr", "ch", "pl"};
    constexpr const char* kVowels[] = {"a", "e", "i", "o", "u", "ea", "ou", "ie"};
    constexpr const char* kAccented[] = {"\xC3\xA4", "\xC3\xB6", "\xC3\xBC", "\xC3\xA9", "\xC3\xA8", "\xC3\xB1"};
    std::vector<std::string> list;
    Random random(77);
    for (int i = 0; i < 3000; ++i) {
      std::string word;
      const std::uint32_t syllables = 1 + random.below(3);
      for (std::uint32_t k = 0; k < syllables; ++k) {
        word += kConsonants[random.below(20)];
        word += i % 40 == 0 && k == 0 ? kAccented[random.below(6)] : kVowels[random.below(8)];
      }
      if (random.below(2) != 0) word += kConsonants[random.below(16)];
      list.push_back(word);
    }
    return list;
  }();
  return made;
}

/// A word; the first ones of the list are far likelier, as in a language.
inline const std::string& word(Random& random) {
  const std::uint32_t a = random.below(3000), b = random.below(3000), c = random.below(3000);
  const std::uint32_t least = a < b ? a : b;
  return words()[least < c ? least : c];
}

inline std::string sentence(Random& random, std::uint32_t length) {
  std::string text;
  for (std::uint32_t i = 0; i < length; ++i) {
    if (i != 0) text += ' ';
    text += word(random);
  }
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z') text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text;
}

/// Decimal, with zeros in front up to `digits`.
inline std::string number(std::int64_t value, std::size_t digits = 1) {
  const std::string text = std::to_string(value);
  return text.size() < digits ? std::string(digits - text.size(), '0') + text : text;
}

inline std::string person(Random& random) {
  const std::uint32_t index = random.below(400);
  Random own(9000 + index);
  const std::string first = sentence(own, 1), last = sentence(own, 1);
  return "\"" + first + " " + last + "\" <" + "user" + number(index, 3) + "@corp" + number(index % 7) + ".example>";
}

/// Seconds since 1970 as EAS writes them.
inline std::string date_text(std::int64_t seconds) {
  const std::int64_t days = seconds / 86400 + 719468, of_day = seconds % 86400;  // days since 0000-03-01
  const std::int64_t era = days / 146097, of_era = days - era * 146097;
  const std::int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
  const std::int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t shifted = (5 * of_year + 2) / 153;  // March is 0
  const std::int64_t month = shifted < 10 ? shifted + 3 : shifted - 9;
  const std::int64_t year = year_of_era + era * 400 + (month <= 2 ? 1 : 0);
  return number(year, 4) + "-" + number(month, 2) + "-" + number(of_year - (153 * shifted + 2) / 5 + 1, 2) + "T" +
         number(of_day / 3600, 2) + ":" + number(of_day / 60 % 60, 2) + ":" + number(of_day % 60, 2) + ".000Z";
}

inline Mail make_mail(std::uint32_t index, std::uint32_t body_bytes = 1400) {
  Random random(index + 1);
  Mail mail;
  mail.server_id = "5:" + number(index + 1);
  mail.subject = sentence(random, 4 + random.below(6));
  mail.thread_topic = mail.subject;
  if (random.below(3) == 0) mail.subject = "Re: " + mail.subject;
  mail.from = person(random);
  mail.to = person(random);
  if (random.below(3) == 0) {
    mail.cc = person(random);
    mail.cc += ", " + person(random);
  }
  mail.display_to = mail.to.substr(1, mail.to.find('"', 1) - 1);
  mail.date = date_text(1700000000 + static_cast<std::int64_t>(index) * 613);
  mail.importance = random.below(12) == 0 ? 2 : 1;
  mail.read = random.below(2);
  mail.flag = random.below(20) == 0 ? 2 : 0;
  for (std::uint8_t& value : mail.conversation_id) value = static_cast<std::uint8_t>(random.next());
  for (std::uint8_t& value : mail.conversation_index) value = static_cast<std::uint8_t>(random.next());
  mail.body = "<html><head><meta http-equiv=\"Content-Type\" content=\"text/html; charset=utf-8\"></head><body>";
  const std::size_t wanted = body_bytes / 2 + random.below(body_bytes + 1);  // half to one and a half
  std::string plain;
  while (mail.body.size() + 14 < wanted) {
    const std::string text = sentence(random, 6 + random.below(14));
    if (!plain.empty()) plain += ' ';
    plain += text + ".";
    mail.body += "<p class=\"MsoNormal\">" + text + ".&nbsp;</p>\r\n";
  }
  mail.body += "</body></html>";
  mail.preview = plain.substr(0, 120);
  const auto last = [&mail] { return static_cast<std::uint8_t>(mail.preview.back()); };
  while (!mail.preview.empty() && (last() & 0xC0) == 0x80) mail.preview.pop_back();
  if (!mail.preview.empty() && last() >= 0xC0) mail.preview.pop_back();
  if (random.below(10) == 0) {
    mail.attachment_name = sentence(random, 2) + ".pdf";
    mail.attachment_reference = "5%3a" + number(index + 1) + "%3a0";
    mail.attachment_bytes = 1000 + random.below(900000);
  }
  return mail;
}

}  // namespace handsync::bench
