/// What lies in a home: the names that are a phone's own, and those that are somebody else's and stay.
#pragma once
#include <string>
#include <vector>

namespace handset {

/// A name directly in the home that this program or the device port puts there.
bool is_of_a_home(std::string name);
/// The others in this directory.
std::vector<std::string> foreign_names(const std::string& directory);

}  // namespace handset
