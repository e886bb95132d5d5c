/// What lists show of an event, a contact and a task beyond its row, of the item `i`: the columns of the views
/// (schema.cpp) and of reader_items.cpp. Properties are numbers of items/properties.h.
#pragma once

#define HANDSYNC_PROPERTY(number) "(SELECT data FROM extra WHERE item=i.id AND property=" #number " AND n=0)"
// clang-format off
#define HANDSYNC_EVENT_COLUMNS                                                        \
  HANDSYNC_PROPERTY(1042) " AS ends,"                                                 \
  HANDSYNC_PROPERTY(1030) "='1' AS all_day,"                                          \
  "EXISTS(SELECT 1 FROM extra WHERE item=i.id AND property=1051 AND size>3) AS recurring," \
  "coalesce(" HANDSYNC_PROPERTY(1047) "," HANDSYNC_PROPERTY(4384) ") AS location,"    \
  "coalesce(nullif(" HANDSYNC_PROPERTY(1049) ",'')," HANDSYNC_PROPERTY(1050) ") AS organizer"
#define HANDSYNC_CONTACT_COLUMNS                                                      \
  "coalesce("                                                                         \
  "nullif(trim(coalesce(" HANDSYNC_PROPERTY(287) ",'')||' '||coalesce(" HANDSYNC_PROPERTY(297) ",'')),'')," \
  "nullif(" HANDSYNC_PROPERTY(286) ",''),nullif(" HANDSYNC_PROPERTY(281) ",''),"      \
  HANDSYNC_PROPERTY(283) ") AS name,"                                                 \
  HANDSYNC_PROPERTY(283) " AS email,coalesce(nullif(" HANDSYNC_PROPERTY(299) ",''),nullif(" \
  HANDSYNC_PROPERTY(275) ",'')," HANDSYNC_PROPERTY(295) ") AS phone"
#define HANDSYNC_TASK_COLUMNS HANDSYNC_PROPERTY(2314) "='1' AS complete"
// clang-format on
