/// The properties of events, contacts, tasks and notes as people and scripts see them: each element under its own name,
/// those with children as objects.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "handset/session.h"
#include "items/properties.h"

namespace handset {

/// One element of a structured property.
struct Element {
  std::string name, text;
  std::vector<Element> children;
};
/// The elements of WBXML without its header, as PropertyRow::value has it. What cannot be read is left out.
std::vector<Element> elements_of(std::string_view wbxml);

struct ItemProperty {
  std::uint16_t id = 0;
  std::string name, value;  ///< the whole value; of a structured one WBXML
  bool structured = false, list = false;
};
std::vector<ItemProperty> properties_of(Session&, const Numbered&);

/// {"StartTime":"20261225T083500Z","Recurrence":{"Type":"1",..},"Attendees":{"Attendee":[..]},"Categories":[..],..}
Json properties_json(const std::vector<ItemProperty>&);
/// The way back: the value of one property in the object that `show --json` prints (`properties`), as the engine takes
/// it. Nothing: it is not there. Throws usage when it cannot be such a property.
std::optional<std::string> property_of_json(const Json&, const handsync::items::Property&);
/// One line each, for people.
void say_properties(Session&, const std::vector<ItemProperty>&);

}  // namespace handset
