/// Every element of ActiveSync that WBXML can carry: the 26 code pages of MS-ASWBXML 2.1.2.1 as constants, one
/// namespace a page, and the way between number and name. A constant is the two bytes of the wire, page then token:
/// air_sync_base::kBody is 0x110A.
///
/// The remark beside a constant is the first protocol version that has the element (none: all from 2.5 on). "2.5 only"
/// elements have gone from later versions; "old codecs" elements are in no specification that is in force: they are
/// read, never sent. "bytes" marks elements whose value is a byte array and travels as OPAQUE.
///
/// All functions are pure and may be called from any thread.
#pragma once
#include "wbxml/tag.h"

namespace handsync::wbxml {

namespace air_sync {  // page 0
inline constexpr Tag kSync = 0x0005;
inline constexpr Tag kResponses = 0x0006;
inline constexpr Tag kAdd = 0x0007;
inline constexpr Tag kChange = 0x0008;
inline constexpr Tag kDelete = 0x0009;
inline constexpr Tag kFetch = 0x000A;
inline constexpr Tag kSyncKey = 0x000B;
inline constexpr Tag kClientId = 0x000C;
inline constexpr Tag kServerId = 0x000D;
inline constexpr Tag kStatus = 0x000E;
inline constexpr Tag kCollection = 0x000F;
inline constexpr Tag kClass = 0x0010;
inline constexpr Tag kVersion = 0x0011;  ///< old codecs
inline constexpr Tag kCollectionId = 0x0012;
inline constexpr Tag kGetChanges = 0x0013;
inline constexpr Tag kMoreAvailable = 0x0014;
inline constexpr Tag kWindowSize = 0x0015;
inline constexpr Tag kCommands = 0x0016;
inline constexpr Tag kOptions = 0x0017;
inline constexpr Tag kFilterType = 0x0018;
inline constexpr Tag kTruncation = 0x0019;     ///< 2.5 only
inline constexpr Tag kRTFTruncation = 0x001A;  ///< old codecs
inline constexpr Tag kConflict = 0x001B;
inline constexpr Tag kCollections = 0x001C;
inline constexpr Tag kApplicationData = 0x001D;
inline constexpr Tag kDeletesAsMoves = 0x001E;
inline constexpr Tag kNotifyGUID = 0x001F;  ///< old codecs
inline constexpr Tag kSupported = 0x0020;
inline constexpr Tag kSoftDelete = 0x0021;
inline constexpr Tag kMIMESupport = 0x0022;
inline constexpr Tag kMIMETruncation = 0x0023;
inline constexpr Tag kWait = 0x0024;               ///< 12.1
inline constexpr Tag kLimit = 0x0025;              ///< 12.1
inline constexpr Tag kPartial = 0x0026;            ///< 12.1
inline constexpr Tag kConversationMode = 0x0027;   ///< 14.0
inline constexpr Tag kMaxItems = 0x0028;           ///< 14.0
inline constexpr Tag kHeartbeatInterval = 0x0029;  ///< 14.0
}  // namespace air_sync

namespace contacts {  // page 1
inline constexpr Tag kAnniversary = 0x0105;
inline constexpr Tag kAssistantName = 0x0106;
inline constexpr Tag kAssistantPhoneNumber = 0x0107;
inline constexpr Tag kBirthday = 0x0108;
inline constexpr Tag kBody = 0x0109;           ///< 2.5 only
inline constexpr Tag kBodySize = 0x010A;       ///< 2.5 only
inline constexpr Tag kBodyTruncated = 0x010B;  ///< 2.5 only
inline constexpr Tag kBusiness2PhoneNumber = 0x010C;
inline constexpr Tag kBusinessAddressCity = 0x010D;
inline constexpr Tag kBusinessAddressCountry = 0x010E;
inline constexpr Tag kBusinessAddressPostalCode = 0x010F;
inline constexpr Tag kBusinessAddressState = 0x0110;
inline constexpr Tag kBusinessAddressStreet = 0x0111;
inline constexpr Tag kBusinessFaxNumber = 0x0112;
inline constexpr Tag kBusinessPhoneNumber = 0x0113;
inline constexpr Tag kCarPhoneNumber = 0x0114;
inline constexpr Tag kCategories = 0x0115;
inline constexpr Tag kCategory = 0x0116;
inline constexpr Tag kChildren = 0x0117;
inline constexpr Tag kChild = 0x0118;
inline constexpr Tag kCompanyName = 0x0119;
inline constexpr Tag kDepartment = 0x011A;
inline constexpr Tag kEmail1Address = 0x011B;
inline constexpr Tag kEmail2Address = 0x011C;
inline constexpr Tag kEmail3Address = 0x011D;
inline constexpr Tag kFileAs = 0x011E;
inline constexpr Tag kFirstName = 0x011F;
inline constexpr Tag kHome2PhoneNumber = 0x0120;
inline constexpr Tag kHomeAddressCity = 0x0121;
inline constexpr Tag kHomeAddressCountry = 0x0122;
inline constexpr Tag kHomeAddressPostalCode = 0x0123;
inline constexpr Tag kHomeAddressState = 0x0124;
inline constexpr Tag kHomeAddressStreet = 0x0125;
inline constexpr Tag kHomeFaxNumber = 0x0126;
inline constexpr Tag kHomePhoneNumber = 0x0127;
inline constexpr Tag kJobTitle = 0x0128;
inline constexpr Tag kLastName = 0x0129;
inline constexpr Tag kMiddleName = 0x012A;
inline constexpr Tag kMobilePhoneNumber = 0x012B;
inline constexpr Tag kOfficeLocation = 0x012C;
inline constexpr Tag kOtherAddressCity = 0x012D;
inline constexpr Tag kOtherAddressCountry = 0x012E;
inline constexpr Tag kOtherAddressPostalCode = 0x012F;
inline constexpr Tag kOtherAddressState = 0x0130;
inline constexpr Tag kOtherAddressStreet = 0x0131;
inline constexpr Tag kPagerNumber = 0x0132;
inline constexpr Tag kRadioPhoneNumber = 0x0133;
inline constexpr Tag kSpouse = 0x0134;
inline constexpr Tag kSuffix = 0x0135;
inline constexpr Tag kTitle = 0x0136;
inline constexpr Tag kWebPage = 0x0137;
inline constexpr Tag kYomiCompanyName = 0x0138;
inline constexpr Tag kYomiFirstName = 0x0139;
inline constexpr Tag kYomiLastName = 0x013A;
inline constexpr Tag kCompressedRTF = 0x013B;  ///< old codecs
inline constexpr Tag kPicture = 0x013C;
inline constexpr Tag kAlias = 0x013D;         ///< 14.0
inline constexpr Tag kWeightedRank = 0x013E;  ///< 14.0
}  // namespace contacts

namespace email {                              // page 2
inline constexpr Tag kAttachment = 0x0205;     ///< 2.5 only
inline constexpr Tag kAttachments = 0x0206;    ///< 2.5 only
inline constexpr Tag kAttName = 0x0207;        ///< 2.5 only
inline constexpr Tag kAttSize = 0x0208;        ///< 2.5 only
inline constexpr Tag kAtt0Id = 0x0209;         ///< 2.5 only
inline constexpr Tag kAttMethod = 0x020A;      ///< 2.5 only
inline constexpr Tag kAttRemoved = 0x020B;     ///< old codecs
inline constexpr Tag kBody = 0x020C;           ///< 2.5 only
inline constexpr Tag kBodySize = 0x020D;       ///< 2.5 only
inline constexpr Tag kBodyTruncated = 0x020E;  ///< 2.5 only
inline constexpr Tag kDateReceived = 0x020F;
inline constexpr Tag kDisplayName = 0x0210;  ///< 2.5 only
inline constexpr Tag kDisplayTo = 0x0211;
inline constexpr Tag kImportance = 0x0212;
inline constexpr Tag kMessageClass = 0x0213;
inline constexpr Tag kSubject = 0x0214;
inline constexpr Tag kRead = 0x0215;
inline constexpr Tag kTo = 0x0216;
inline constexpr Tag kCc = 0x0217;
inline constexpr Tag kFrom = 0x0218;
inline constexpr Tag kReplyTo = 0x0219;
inline constexpr Tag kAllDayEvent = 0x021A;
inline constexpr Tag kCategories = 0x021B;  ///< 14.0
inline constexpr Tag kCategory = 0x021C;    ///< 14.0
inline constexpr Tag kDtStamp = 0x021D;
inline constexpr Tag kEndTime = 0x021E;
inline constexpr Tag kInstanceType = 0x021F;
inline constexpr Tag kBusyStatus = 0x0220;
inline constexpr Tag kLocation = 0x0221;
inline constexpr Tag kMeetingRequest = 0x0222;
inline constexpr Tag kOrganizer = 0x0223;
inline constexpr Tag kRecurrenceId = 0x0224;
inline constexpr Tag kReminder = 0x0225;
inline constexpr Tag kResponseRequested = 0x0226;
inline constexpr Tag kRecurrences = 0x0227;
inline constexpr Tag kRecurrence = 0x0228;
inline constexpr Tag kType = 0x0229;
inline constexpr Tag kUntil = 0x022A;
inline constexpr Tag kOccurrences = 0x022B;
inline constexpr Tag kInterval = 0x022C;
inline constexpr Tag kDayOfWeek = 0x022D;
inline constexpr Tag kDayOfMonth = 0x022E;
inline constexpr Tag kWeekOfMonth = 0x022F;
inline constexpr Tag kMonthOfYear = 0x0230;
inline constexpr Tag kStartTime = 0x0231;
inline constexpr Tag kSensitivity = 0x0232;
inline constexpr Tag kTimeZone = 0x0233;
inline constexpr Tag kGlobalObjId = 0x0234;
inline constexpr Tag kThreadTopic = 0x0235;
inline constexpr Tag kMIMEData = 0x0236;       ///< 2.5 only
inline constexpr Tag kMIMETruncated = 0x0237;  ///< 2.5 only
inline constexpr Tag kMIMESize = 0x0238;       ///< 2.5 only
inline constexpr Tag kInternetCPID = 0x0239;
inline constexpr Tag kFlag = 0x023A;                     ///< 12.0
inline constexpr Tag kStatus = 0x023B;                   ///< 12.0
inline constexpr Tag kContentClass = 0x023C;             ///< 12.0
inline constexpr Tag kFlagType = 0x023D;                 ///< 12.0
inline constexpr Tag kCompleteTime = 0x023E;             ///< 12.0
inline constexpr Tag kDisallowNewTimeProposal = 0x023F;  ///< 14.0
}  // namespace email

namespace air_notify {                                // page 3
inline constexpr Tag kNotify = 0x0305;                ///< old codecs
inline constexpr Tag kNotification = 0x0306;          ///< old codecs
inline constexpr Tag kVersion = 0x0307;               ///< old codecs
inline constexpr Tag kLifeTime = 0x0308;              ///< old codecs
inline constexpr Tag kDeviceInfo = 0x0309;            ///< old codecs
inline constexpr Tag kEnable = 0x030A;                ///< old codecs
inline constexpr Tag kFolder = 0x030B;                ///< old codecs
inline constexpr Tag kServerId = 0x030C;              ///< old codecs
inline constexpr Tag kDeviceAddress = 0x030D;         ///< old codecs
inline constexpr Tag kValidCarrierProfiles = 0x030E;  ///< old codecs
inline constexpr Tag kCarrierProfile = 0x030F;        ///< old codecs
inline constexpr Tag kStatus = 0x0310;                ///< old codecs
inline constexpr Tag kResponses = 0x0311;             ///< old codecs
inline constexpr Tag kDevices = 0x0312;               ///< old codecs
inline constexpr Tag kDevice = 0x0313;                ///< old codecs
inline constexpr Tag kId = 0x0314;                    ///< old codecs
inline constexpr Tag kExpiry = 0x0315;                ///< old codecs
inline constexpr Tag kNotifyGUID = 0x0316;            ///< old codecs
inline constexpr Tag kDeviceFriendlyName = 0x0317;    ///< old codecs
}  // namespace air_notify

namespace calendar {  // page 4
inline constexpr Tag kTimezone = 0x0405;
inline constexpr Tag kAllDayEvent = 0x0406;
inline constexpr Tag kAttendees = 0x0407;
inline constexpr Tag kAttendee = 0x0408;
inline constexpr Tag kEmail = 0x0409;
inline constexpr Tag kName = 0x040A;
inline constexpr Tag kBody = 0x040B;           ///< 2.5 only
inline constexpr Tag kBodyTruncated = 0x040C;  ///< 2.5 only
inline constexpr Tag kBusyStatus = 0x040D;
inline constexpr Tag kCategories = 0x040E;
inline constexpr Tag kCategory = 0x040F;
inline constexpr Tag kCompressedRTF = 0x0410;  ///< old codecs
inline constexpr Tag kDtStamp = 0x0411;
inline constexpr Tag kEndTime = 0x0412;
inline constexpr Tag kException = 0x0413;
inline constexpr Tag kExceptions = 0x0414;
inline constexpr Tag kDeleted = 0x0415;
inline constexpr Tag kExceptionStartTime = 0x0416;
inline constexpr Tag kLocation = 0x0417;
inline constexpr Tag kMeetingStatus = 0x0418;
inline constexpr Tag kOrganizerEmail = 0x0419;
inline constexpr Tag kOrganizerName = 0x041A;
inline constexpr Tag kRecurrence = 0x041B;
inline constexpr Tag kType = 0x041C;
inline constexpr Tag kUntil = 0x041D;
inline constexpr Tag kOccurrences = 0x041E;
inline constexpr Tag kInterval = 0x041F;
inline constexpr Tag kDayOfWeek = 0x0420;
inline constexpr Tag kDayOfMonth = 0x0421;
inline constexpr Tag kWeekOfMonth = 0x0422;
inline constexpr Tag kMonthOfYear = 0x0423;
inline constexpr Tag kReminder = 0x0424;
inline constexpr Tag kSensitivity = 0x0425;
inline constexpr Tag kSubject = 0x0426;
inline constexpr Tag kStartTime = 0x0427;
inline constexpr Tag kUID = 0x0428;
inline constexpr Tag kAttendeeStatus = 0x0429;             ///< 12.0
inline constexpr Tag kAttendeeType = 0x042A;               ///< 12.0
inline constexpr Tag kDisallowNewTimeProposal = 0x0433;    ///< 14.0
inline constexpr Tag kResponseRequested = 0x0434;          ///< 14.0
inline constexpr Tag kAppointmentReplyTime = 0x0435;       ///< 14.0
inline constexpr Tag kResponseType = 0x0436;               ///< 14.0
inline constexpr Tag kCalendarType = 0x0437;               ///< 14.0
inline constexpr Tag kIsLeapMonth = 0x0438;                ///< 14.0
inline constexpr Tag kFirstDayOfWeek = 0x0439;             ///< 14.1
inline constexpr Tag kOnlineMeetingConfLink = 0x043A;      ///< 14.1
inline constexpr Tag kOnlineMeetingExternalLink = 0x043B;  ///< 14.1
inline constexpr Tag kClientUid = 0x043C;                  ///< 16.0
}  // namespace calendar

namespace move {  // page 5
inline constexpr Tag kMoveItems = 0x0505;
inline constexpr Tag kMove = 0x0506;
inline constexpr Tag kSrcMsgId = 0x0507;
inline constexpr Tag kSrcFldId = 0x0508;
inline constexpr Tag kDstFldId = 0x0509;
inline constexpr Tag kResponse = 0x050A;
inline constexpr Tag kStatus = 0x050B;
inline constexpr Tag kDstMsgId = 0x050C;
}  // namespace move

namespace get_item_estimate {  // page 6
inline constexpr Tag kGetItemEstimate = 0x0605;
inline constexpr Tag kVersion = 0x0606;  ///< old codecs
inline constexpr Tag kCollections = 0x0607;
inline constexpr Tag kCollection = 0x0608;
inline constexpr Tag kClass = 0x0609;
inline constexpr Tag kCollectionId = 0x060A;
inline constexpr Tag kDateTime = 0x060B;  ///< old codecs
inline constexpr Tag kEstimate = 0x060C;
inline constexpr Tag kResponse = 0x060D;
inline constexpr Tag kStatus = 0x060E;
}  // namespace get_item_estimate

namespace folder_hierarchy {  // page 7
inline constexpr Tag kFolders = 0x0705;
inline constexpr Tag kFolder = 0x0706;
inline constexpr Tag kDisplayName = 0x0707;
inline constexpr Tag kServerId = 0x0708;
inline constexpr Tag kParentId = 0x0709;
inline constexpr Tag kType = 0x070A;
inline constexpr Tag kResponse = 0x070B;  ///< old codecs
inline constexpr Tag kStatus = 0x070C;
inline constexpr Tag kContentClass = 0x070D;  ///< old codecs
inline constexpr Tag kChanges = 0x070E;
inline constexpr Tag kAdd = 0x070F;
inline constexpr Tag kDelete = 0x0710;
inline constexpr Tag kUpdate = 0x0711;
inline constexpr Tag kSyncKey = 0x0712;
inline constexpr Tag kFolderCreate = 0x0713;
inline constexpr Tag kFolderDelete = 0x0714;
inline constexpr Tag kFolderUpdate = 0x0715;
inline constexpr Tag kFolderSync = 0x0716;
inline constexpr Tag kCount = 0x0717;
inline constexpr Tag kVersion = 0x0718;  ///< old codecs
}  // namespace folder_hierarchy

namespace meeting_response {  // page 8
inline constexpr Tag kCalendarId = 0x0805;
inline constexpr Tag kCollectionId = 0x0806;
inline constexpr Tag kMeetingResponse = 0x0807;
inline constexpr Tag kRequestId = 0x0808;
inline constexpr Tag kRequest = 0x0809;
inline constexpr Tag kResult = 0x080A;
inline constexpr Tag kStatus = 0x080B;
inline constexpr Tag kUserResponse = 0x080C;
inline constexpr Tag kVersion = 0x080D;            ///< old codecs
inline constexpr Tag kInstanceId = 0x080E;         ///< 14.1
inline constexpr Tag kProposedStartTime = 0x0810;  ///< 16.1
inline constexpr Tag kProposedEndTime = 0x0811;    ///< 16.1
inline constexpr Tag kSendResponse = 0x0812;       ///< 16.0
}  // namespace meeting_response

namespace tasks {                              // page 9
inline constexpr Tag kBody = 0x0905;           ///< 2.5 only
inline constexpr Tag kBodySize = 0x0906;       ///< 2.5 only
inline constexpr Tag kBodyTruncated = 0x0907;  ///< 2.5 only
inline constexpr Tag kCategories = 0x0908;
inline constexpr Tag kCategory = 0x0909;
inline constexpr Tag kComplete = 0x090A;
inline constexpr Tag kDateCompleted = 0x090B;
inline constexpr Tag kDueDate = 0x090C;
inline constexpr Tag kUtcDueDate = 0x090D;
inline constexpr Tag kImportance = 0x090E;
inline constexpr Tag kRecurrence = 0x090F;
inline constexpr Tag kType = 0x0910;
inline constexpr Tag kStart = 0x0911;
inline constexpr Tag kUntil = 0x0912;
inline constexpr Tag kOccurrences = 0x0913;
inline constexpr Tag kInterval = 0x0914;
inline constexpr Tag kDayOfMonth = 0x0915;
inline constexpr Tag kDayOfWeek = 0x0916;
inline constexpr Tag kWeekOfMonth = 0x0917;
inline constexpr Tag kMonthOfYear = 0x0918;
inline constexpr Tag kRegenerate = 0x0919;
inline constexpr Tag kDeadOccur = 0x091A;
inline constexpr Tag kReminderSet = 0x091B;
inline constexpr Tag kReminderTime = 0x091C;
inline constexpr Tag kSensitivity = 0x091D;
inline constexpr Tag kStartDate = 0x091E;
inline constexpr Tag kUtcStartDate = 0x091F;
inline constexpr Tag kSubject = 0x0920;
inline constexpr Tag kCompressedRTF = 0x0921;   ///< old codecs
inline constexpr Tag kOrdinalDate = 0x0922;     ///< 12.0
inline constexpr Tag kSubOrdinalDate = 0x0923;  ///< 12.0
inline constexpr Tag kCalendarType = 0x0924;    ///< 14.0
inline constexpr Tag kIsLeapMonth = 0x0925;     ///< 14.0
inline constexpr Tag kFirstDayOfWeek = 0x0926;  ///< 14.1
}  // namespace tasks

namespace resolve_recipients {  // page 10
inline constexpr Tag kResolveRecipients = 0x0A05;
inline constexpr Tag kResponse = 0x0A06;
inline constexpr Tag kStatus = 0x0A07;
inline constexpr Tag kType = 0x0A08;
inline constexpr Tag kRecipient = 0x0A09;
inline constexpr Tag kDisplayName = 0x0A0A;
inline constexpr Tag kEmailAddress = 0x0A0B;
inline constexpr Tag kCertificates = 0x0A0C;
inline constexpr Tag kCertificate = 0x0A0D;
inline constexpr Tag kMiniCertificate = 0x0A0E;
inline constexpr Tag kOptions = 0x0A0F;
inline constexpr Tag kTo = 0x0A10;
inline constexpr Tag kCertificateRetrieval = 0x0A11;
inline constexpr Tag kRecipientCount = 0x0A12;
inline constexpr Tag kMaxCertificates = 0x0A13;
inline constexpr Tag kMaxAmbiguousRecipients = 0x0A14;
inline constexpr Tag kCertificateCount = 0x0A15;
inline constexpr Tag kAvailability = 0x0A16;    ///< 14.0
inline constexpr Tag kStartTime = 0x0A17;       ///< 14.0
inline constexpr Tag kEndTime = 0x0A18;         ///< 14.0
inline constexpr Tag kMergedFreeBusy = 0x0A19;  ///< 14.0
inline constexpr Tag kPicture = 0x0A1A;         ///< 14.1
inline constexpr Tag kMaxSize = 0x0A1B;         ///< 14.1
inline constexpr Tag kData = 0x0A1C;            ///< 14.1, bytes
inline constexpr Tag kMaxPictures = 0x0A1D;     ///< 14.1
}  // namespace resolve_recipients

namespace validate_cert {  // page 11
inline constexpr Tag kValidateCert = 0x0B05;
inline constexpr Tag kCertificates = 0x0B06;
inline constexpr Tag kCertificate = 0x0B07;
inline constexpr Tag kCertificateChain = 0x0B08;
inline constexpr Tag kCheckCRL = 0x0B09;
inline constexpr Tag kStatus = 0x0B0A;
}  // namespace validate_cert

namespace contacts2 {  // page 12
inline constexpr Tag kCustomerId = 0x0C05;
inline constexpr Tag kGovernmentId = 0x0C06;
inline constexpr Tag kIMAddress = 0x0C07;
inline constexpr Tag kIMAddress2 = 0x0C08;
inline constexpr Tag kIMAddress3 = 0x0C09;
inline constexpr Tag kManagerName = 0x0C0A;
inline constexpr Tag kCompanyMainPhone = 0x0C0B;
inline constexpr Tag kAccountName = 0x0C0C;
inline constexpr Tag kNickName = 0x0C0D;
inline constexpr Tag kMMS = 0x0C0E;
}  // namespace contacts2

namespace ping {  // page 13
inline constexpr Tag kPing = 0x0D05;
inline constexpr Tag kAutdState = 0x0D06;  ///< old codecs
inline constexpr Tag kStatus = 0x0D07;
inline constexpr Tag kHeartbeatInterval = 0x0D08;
inline constexpr Tag kFolders = 0x0D09;
inline constexpr Tag kFolder = 0x0D0A;
inline constexpr Tag kId = 0x0D0B;
inline constexpr Tag kClass = 0x0D0C;
inline constexpr Tag kMaxFolders = 0x0D0D;
}  // namespace ping

namespace provision {  // page 14
inline constexpr Tag kProvision = 0x0E05;
inline constexpr Tag kPolicies = 0x0E06;
inline constexpr Tag kPolicy = 0x0E07;
inline constexpr Tag kPolicyType = 0x0E08;
inline constexpr Tag kPolicyKey = 0x0E09;
inline constexpr Tag kData = 0x0E0A;
inline constexpr Tag kStatus = 0x0E0B;
inline constexpr Tag kRemoteWipe = 0x0E0C;
inline constexpr Tag kEASProvisionDoc = 0x0E0D;                           ///< 12.0
inline constexpr Tag kDevicePasswordEnabled = 0x0E0E;                     ///< 12.0
inline constexpr Tag kAlphanumericDevicePasswordRequired = 0x0E0F;        ///< 12.0
inline constexpr Tag kRequireStorageCardEncryption = 0x0E10;              ///< 12.1
inline constexpr Tag kPasswordRecoveryEnabled = 0x0E11;                   ///< 12.0
inline constexpr Tag kDocumentBrowseEnabled = 0x0E12;                     ///< old codecs
inline constexpr Tag kAttachmentsEnabled = 0x0E13;                        ///< 12.0
inline constexpr Tag kMinDevicePasswordLength = 0x0E14;                   ///< 12.0
inline constexpr Tag kMaxInactivityTimeDeviceLock = 0x0E15;               ///< 12.0
inline constexpr Tag kMaxDevicePasswordFailedAttempts = 0x0E16;           ///< 12.0
inline constexpr Tag kMaxAttachmentSize = 0x0E17;                         ///< 12.0
inline constexpr Tag kAllowSimpleDevicePassword = 0x0E18;                 ///< 12.0
inline constexpr Tag kDevicePasswordExpiration = 0x0E19;                  ///< 12.0
inline constexpr Tag kDevicePasswordHistory = 0x0E1A;                     ///< 12.0
inline constexpr Tag kAllowStorageCard = 0x0E1B;                          ///< 12.1
inline constexpr Tag kAllowCamera = 0x0E1C;                               ///< 12.1
inline constexpr Tag kRequireDeviceEncryption = 0x0E1D;                   ///< 12.1
inline constexpr Tag kAllowUnsignedApplications = 0x0E1E;                 ///< 12.1
inline constexpr Tag kAllowUnsignedInstallationPackages = 0x0E1F;         ///< 12.1
inline constexpr Tag kMinDevicePasswordComplexCharacters = 0x0E20;        ///< 12.1
inline constexpr Tag kAllowWiFi = 0x0E21;                                 ///< 12.1
inline constexpr Tag kAllowTextMessaging = 0x0E22;                        ///< 12.1
inline constexpr Tag kAllowPOPIMAPEmail = 0x0E23;                         ///< 12.1
inline constexpr Tag kAllowBluetooth = 0x0E24;                            ///< 12.1
inline constexpr Tag kAllowIrDA = 0x0E25;                                 ///< 12.1
inline constexpr Tag kRequireManualSyncWhenRoaming = 0x0E26;              ///< 12.1
inline constexpr Tag kAllowDesktopSync = 0x0E27;                          ///< 12.1
inline constexpr Tag kMaxCalendarAgeFilter = 0x0E28;                      ///< 12.1
inline constexpr Tag kAllowHTMLEmail = 0x0E29;                            ///< 12.1
inline constexpr Tag kMaxEmailAgeFilter = 0x0E2A;                         ///< 12.1
inline constexpr Tag kMaxEmailBodyTruncationSize = 0x0E2B;                ///< 12.1
inline constexpr Tag kMaxEmailHTMLBodyTruncationSize = 0x0E2C;            ///< 12.1
inline constexpr Tag kRequireSignedSMIMEMessages = 0x0E2D;                ///< 12.1
inline constexpr Tag kRequireEncryptedSMIMEMessages = 0x0E2E;             ///< 12.1
inline constexpr Tag kRequireSignedSMIMEAlgorithm = 0x0E2F;               ///< 12.1
inline constexpr Tag kRequireEncryptionSMIMEAlgorithm = 0x0E30;           ///< 12.1
inline constexpr Tag kAllowSMIMEEncryptionAlgorithmNegotiation = 0x0E31;  ///< 12.1
inline constexpr Tag kAllowSMIMESoftCerts = 0x0E32;                       ///< 12.1
inline constexpr Tag kAllowBrowser = 0x0E33;                              ///< 12.1
inline constexpr Tag kAllowConsumerEmail = 0x0E34;                        ///< 12.1
inline constexpr Tag kAllowRemoteDesktop = 0x0E35;                        ///< 12.1
inline constexpr Tag kAllowInternetSharing = 0x0E36;                      ///< 12.1
inline constexpr Tag kUnapprovedInROMApplicationList = 0x0E37;            ///< 12.1
inline constexpr Tag kApplicationName = 0x0E38;                           ///< 12.1
inline constexpr Tag kApprovedApplicationList = 0x0E39;                   ///< 12.1
inline constexpr Tag kHash = 0x0E3A;                                      ///< 12.1
inline constexpr Tag kAccountOnlyRemoteWipe = 0x0E3B;                     ///< 16.1
}  // namespace provision

namespace search {  // page 15
inline constexpr Tag kSearch = 0x0F05;
inline constexpr Tag kStore = 0x0F07;
inline constexpr Tag kName = 0x0F08;
inline constexpr Tag kQuery = 0x0F09;
inline constexpr Tag kOptions = 0x0F0A;
inline constexpr Tag kRange = 0x0F0B;
inline constexpr Tag kStatus = 0x0F0C;
inline constexpr Tag kResponse = 0x0F0D;
inline constexpr Tag kResult = 0x0F0E;
inline constexpr Tag kProperties = 0x0F0F;
inline constexpr Tag kTotal = 0x0F10;
inline constexpr Tag kEqualTo = 0x0F11;         ///< 12.0
inline constexpr Tag kValue = 0x0F12;           ///< 12.0
inline constexpr Tag kAnd = 0x0F13;             ///< 12.0
inline constexpr Tag kOr = 0x0F14;              ///< 12.0
inline constexpr Tag kFreeText = 0x0F15;        ///< 12.0
inline constexpr Tag kDeepTraversal = 0x0F17;   ///< 12.0
inline constexpr Tag kLongId = 0x0F18;          ///< 12.0
inline constexpr Tag kRebuildResults = 0x0F19;  ///< 12.0
inline constexpr Tag kLessThan = 0x0F1A;        ///< 12.0
inline constexpr Tag kGreaterThan = 0x0F1B;     ///< 12.0
inline constexpr Tag kSchema = 0x0F1C;          ///< old codecs
inline constexpr Tag kSupported = 0x0F1D;       ///< old codecs
inline constexpr Tag kUserName = 0x0F1E;        ///< 12.1
inline constexpr Tag kPassword = 0x0F1F;        ///< 12.1
inline constexpr Tag kConversationId = 0x0F20;  ///< 14.0, bytes
inline constexpr Tag kPicture = 0x0F21;         ///< 14.1
inline constexpr Tag kMaxSize = 0x0F22;         ///< 14.1
inline constexpr Tag kMaxPictures = 0x0F23;     ///< 14.1
}  // namespace search

namespace gal {  // page 16
inline constexpr Tag kDisplayName = 0x1005;
inline constexpr Tag kPhone = 0x1006;
inline constexpr Tag kOffice = 0x1007;
inline constexpr Tag kTitle = 0x1008;
inline constexpr Tag kCompany = 0x1009;
inline constexpr Tag kAlias = 0x100A;
inline constexpr Tag kFirstName = 0x100B;
inline constexpr Tag kLastName = 0x100C;
inline constexpr Tag kHomePhone = 0x100D;
inline constexpr Tag kMobilePhone = 0x100E;
inline constexpr Tag kEmailAddress = 0x100F;
inline constexpr Tag kPicture = 0x1010;  ///< 14.1
inline constexpr Tag kStatus = 0x1011;   ///< 14.1
inline constexpr Tag kData = 0x1012;     ///< 14.1, bytes
}  // namespace gal

namespace air_sync_base {                           // page 17
inline constexpr Tag kBodyPreference = 0x1105;      ///< 12.0
inline constexpr Tag kType = 0x1106;                ///< 12.0
inline constexpr Tag kTruncationSize = 0x1107;      ///< 12.0
inline constexpr Tag kAllOrNone = 0x1108;           ///< 12.0
inline constexpr Tag kBody = 0x110A;                ///< 12.0
inline constexpr Tag kData = 0x110B;                ///< 12.0
inline constexpr Tag kEstimatedDataSize = 0x110C;   ///< 12.0
inline constexpr Tag kTruncated = 0x110D;           ///< 12.0
inline constexpr Tag kAttachments = 0x110E;         ///< 12.0
inline constexpr Tag kAttachment = 0x110F;          ///< 12.0
inline constexpr Tag kDisplayName = 0x1110;         ///< 12.0
inline constexpr Tag kFileReference = 0x1111;       ///< 12.0
inline constexpr Tag kMethod = 0x1112;              ///< 12.0
inline constexpr Tag kContentId = 0x1113;           ///< 12.0
inline constexpr Tag kContentLocation = 0x1114;     ///< 12.0
inline constexpr Tag kIsInline = 0x1115;            ///< 12.0
inline constexpr Tag kNativeBodyType = 0x1116;      ///< 12.0
inline constexpr Tag kContentType = 0x1117;         ///< 12.0
inline constexpr Tag kPreview = 0x1118;             ///< 14.0
inline constexpr Tag kBodyPartPreference = 0x1119;  ///< 14.1
inline constexpr Tag kBodyPart = 0x111A;            ///< 14.1
inline constexpr Tag kStatus = 0x111B;              ///< 14.1
inline constexpr Tag kAdd = 0x111C;                 ///< 16.0
inline constexpr Tag kDelete = 0x111D;              ///< 16.0
inline constexpr Tag kClientId = 0x111E;            ///< 16.0
inline constexpr Tag kContent = 0x111F;             ///< 16.0, bytes
inline constexpr Tag kLocation = 0x1120;            ///< 16.0
inline constexpr Tag kAnnotation = 0x1121;          ///< 16.0
inline constexpr Tag kStreet = 0x1122;              ///< 16.0
inline constexpr Tag kCity = 0x1123;                ///< 16.0
inline constexpr Tag kState = 0x1124;               ///< 16.0
inline constexpr Tag kCountry = 0x1125;             ///< 16.0
inline constexpr Tag kPostalCode = 0x1126;          ///< 16.0
inline constexpr Tag kLatitude = 0x1127;            ///< 16.0
inline constexpr Tag kLongitude = 0x1128;           ///< 16.0
inline constexpr Tag kAccuracy = 0x1129;            ///< 16.0
inline constexpr Tag kAltitude = 0x112A;            ///< 16.0
inline constexpr Tag kAltitudeAccuracy = 0x112B;    ///< 16.0
inline constexpr Tag kLocationUri = 0x112C;         ///< 16.0
inline constexpr Tag kInstanceId = 0x112D;          ///< 16.0
}  // namespace air_sync_base

namespace settings {                                         // page 18
inline constexpr Tag kSettings = 0x1205;                     ///< 12.0
inline constexpr Tag kStatus = 0x1206;                       ///< 12.0
inline constexpr Tag kGet = 0x1207;                          ///< 12.0
inline constexpr Tag kSet = 0x1208;                          ///< 12.0
inline constexpr Tag kOof = 0x1209;                          ///< 12.0
inline constexpr Tag kOofState = 0x120A;                     ///< 12.0
inline constexpr Tag kStartTime = 0x120B;                    ///< 12.0
inline constexpr Tag kEndTime = 0x120C;                      ///< 12.0
inline constexpr Tag kOofMessage = 0x120D;                   ///< 12.0
inline constexpr Tag kAppliesToInternal = 0x120E;            ///< 12.0
inline constexpr Tag kAppliesToExternalKnown = 0x120F;       ///< 12.0
inline constexpr Tag kAppliesToExternalUnknown = 0x1210;     ///< 12.0
inline constexpr Tag kEnabled = 0x1211;                      ///< 12.0
inline constexpr Tag kReplyMessage = 0x1212;                 ///< 12.0
inline constexpr Tag kBodyType = 0x1213;                     ///< 12.0
inline constexpr Tag kDevicePassword = 0x1214;               ///< 12.0
inline constexpr Tag kPassword = 0x1215;                     ///< 12.0
inline constexpr Tag kDeviceInformation = 0x1216;            ///< 12.0
inline constexpr Tag kModel = 0x1217;                        ///< 12.0
inline constexpr Tag kIMEI = 0x1218;                         ///< 12.0
inline constexpr Tag kFriendlyName = 0x1219;                 ///< 12.0
inline constexpr Tag kOS = 0x121A;                           ///< 12.0
inline constexpr Tag kOSLanguage = 0x121B;                   ///< 12.0
inline constexpr Tag kPhoneNumber = 0x121C;                  ///< 12.0
inline constexpr Tag kUserInformation = 0x121D;              ///< 12.0
inline constexpr Tag kEmailAddresses = 0x121E;               ///< 12.0
inline constexpr Tag kSMTPAddress = 0x121F;                  ///< 12.0
inline constexpr Tag kUserAgent = 0x1220;                    ///< 12.1
inline constexpr Tag kEnableOutboundSMS = 0x1221;            ///< 14.0
inline constexpr Tag kMobileOperator = 0x1222;               ///< 14.0
inline constexpr Tag kPrimarySmtpAddress = 0x1223;           ///< 14.1
inline constexpr Tag kAccounts = 0x1224;                     ///< 14.1
inline constexpr Tag kAccount = 0x1225;                      ///< 14.1
inline constexpr Tag kAccountId = 0x1226;                    ///< 14.1
inline constexpr Tag kAccountName = 0x1227;                  ///< 14.1
inline constexpr Tag kUserDisplayName = 0x1228;              ///< 14.1
inline constexpr Tag kSendDisabled = 0x1229;                 ///< 14.1
inline constexpr Tag kRightsManagementInformation = 0x122B;  ///< 14.1
}  // namespace settings

namespace document_library {                      // page 19
inline constexpr Tag kLinkId = 0x1305;            ///< 12.0
inline constexpr Tag kDisplayName = 0x1306;       ///< 12.0
inline constexpr Tag kIsFolder = 0x1307;          ///< 12.0
inline constexpr Tag kCreationDate = 0x1308;      ///< 12.0
inline constexpr Tag kLastModifiedDate = 0x1309;  ///< 12.0
inline constexpr Tag kIsHidden = 0x130A;          ///< 12.0
inline constexpr Tag kContentLength = 0x130B;     ///< 12.0
inline constexpr Tag kContentType = 0x130C;       ///< 12.0
}  // namespace document_library

namespace item_operations {                          // page 20
inline constexpr Tag kItemOperations = 0x1405;       ///< 12.0
inline constexpr Tag kFetch = 0x1406;                ///< 12.0
inline constexpr Tag kStore = 0x1407;                ///< 12.0
inline constexpr Tag kOptions = 0x1408;              ///< 12.0
inline constexpr Tag kRange = 0x1409;                ///< 12.0
inline constexpr Tag kTotal = 0x140A;                ///< 12.0
inline constexpr Tag kProperties = 0x140B;           ///< 12.0
inline constexpr Tag kData = 0x140C;                 ///< 12.0
inline constexpr Tag kStatus = 0x140D;               ///< 12.0
inline constexpr Tag kResponse = 0x140E;             ///< 12.0
inline constexpr Tag kVersion = 0x140F;              ///< 12.0
inline constexpr Tag kSchema = 0x1410;               ///< 12.0
inline constexpr Tag kPart = 0x1411;                 ///< 12.0
inline constexpr Tag kEmptyFolderContents = 0x1412;  ///< 12.0
inline constexpr Tag kDeleteSubFolders = 0x1413;     ///< 12.0
inline constexpr Tag kUserName = 0x1414;             ///< 12.1
inline constexpr Tag kPassword = 0x1415;             ///< 12.1
inline constexpr Tag kMove = 0x1416;                 ///< 14.0
inline constexpr Tag kDstFldId = 0x1417;             ///< 14.0
inline constexpr Tag kConversationId = 0x1418;       ///< 14.0, bytes
inline constexpr Tag kMoveAlways = 0x1419;           ///< 14.0
}  // namespace item_operations

namespace compose_mail {                         // page 21
inline constexpr Tag kSendMail = 0x1505;         ///< 14.0
inline constexpr Tag kSmartForward = 0x1506;     ///< 14.0
inline constexpr Tag kSmartReply = 0x1507;       ///< 14.0
inline constexpr Tag kSaveInSentItems = 0x1508;  ///< 14.0
inline constexpr Tag kReplaceMime = 0x1509;      ///< 14.0
inline constexpr Tag kSource = 0x150B;           ///< 14.0
inline constexpr Tag kFolderId = 0x150C;         ///< 14.0
inline constexpr Tag kItemId = 0x150D;           ///< 14.0
inline constexpr Tag kLongId = 0x150E;           ///< 14.0
inline constexpr Tag kInstanceId = 0x150F;       ///< 14.0
inline constexpr Tag kMime = 0x1510;             ///< 14.0, bytes
inline constexpr Tag kClientId = 0x1511;         ///< 14.0
inline constexpr Tag kStatus = 0x1512;           ///< 14.0
inline constexpr Tag kAccountId = 0x1513;        ///< 14.1
inline constexpr Tag kForwardees = 0x1515;       ///< 16.0
inline constexpr Tag kForwardee = 0x1516;        ///< 16.0
inline constexpr Tag kForwardeeName = 0x1517;    ///< 16.0
inline constexpr Tag kForwardeeEmail = 0x1518;   ///< 16.0
}  // namespace compose_mail

namespace email2 {                                     // page 22
inline constexpr Tag kUmCallerID = 0x1605;             ///< 14.0
inline constexpr Tag kUmUserNotes = 0x1606;            ///< 14.0
inline constexpr Tag kUmAttDuration = 0x1607;          ///< 14.0
inline constexpr Tag kUmAttOrder = 0x1608;             ///< 14.0
inline constexpr Tag kConversationId = 0x1609;         ///< 14.0, bytes
inline constexpr Tag kConversationIndex = 0x160A;      ///< 14.0, bytes
inline constexpr Tag kLastVerbExecuted = 0x160B;       ///< 14.0
inline constexpr Tag kLastVerbExecutionTime = 0x160C;  ///< 14.0
inline constexpr Tag kReceivedAsBcc = 0x160D;          ///< 14.0
inline constexpr Tag kSender = 0x160E;                 ///< 14.0
inline constexpr Tag kCalendarType = 0x160F;           ///< 14.0
inline constexpr Tag kIsLeapMonth = 0x1610;            ///< 14.0
inline constexpr Tag kAccountId = 0x1611;              ///< 14.1
inline constexpr Tag kFirstDayOfWeek = 0x1612;         ///< 14.1
inline constexpr Tag kMeetingMessageType = 0x1613;     ///< 14.1
inline constexpr Tag kIsDraft = 0x1615;                ///< 16.0
inline constexpr Tag kBcc = 0x1616;                    ///< 16.0
inline constexpr Tag kSend = 0x1617;                   ///< 16.0
}  // namespace email2

namespace notes {                                 // page 23
inline constexpr Tag kSubject = 0x1705;           ///< 14.0
inline constexpr Tag kMessageClass = 0x1706;      ///< 14.0
inline constexpr Tag kLastModifiedDate = 0x1707;  ///< 14.0
inline constexpr Tag kCategories = 0x1708;        ///< 14.0
inline constexpr Tag kCategory = 0x1709;          ///< 14.0
}  // namespace notes

namespace rights_management {                                     // page 24
inline constexpr Tag kRightsManagementSupport = 0x1805;           ///< 14.1
inline constexpr Tag kRightsManagementTemplates = 0x1806;         ///< 14.1
inline constexpr Tag kRightsManagementTemplate = 0x1807;          ///< 14.1
inline constexpr Tag kRightsManagementLicense = 0x1808;           ///< 14.1
inline constexpr Tag kEditAllowed = 0x1809;                       ///< 14.1
inline constexpr Tag kReplyAllowed = 0x180A;                      ///< 14.1
inline constexpr Tag kReplyAllAllowed = 0x180B;                   ///< 14.1
inline constexpr Tag kForwardAllowed = 0x180C;                    ///< 14.1
inline constexpr Tag kModifyRecipientsAllowed = 0x180D;           ///< 14.1
inline constexpr Tag kExtractAllowed = 0x180E;                    ///< 14.1
inline constexpr Tag kPrintAllowed = 0x180F;                      ///< 14.1
inline constexpr Tag kExportAllowed = 0x1810;                     ///< 14.1
inline constexpr Tag kProgrammaticAccessAllowed = 0x1811;         ///< 14.1
inline constexpr Tag kOwner = 0x1812;                             ///< 14.1
inline constexpr Tag kContentExpiryDate = 0x1813;                 ///< 14.1
inline constexpr Tag kTemplateID = 0x1814;                        ///< 14.1
inline constexpr Tag kTemplateName = 0x1815;                      ///< 14.1
inline constexpr Tag kTemplateDescription = 0x1816;               ///< 14.1
inline constexpr Tag kContentOwner = 0x1817;                      ///< 14.1
inline constexpr Tag kRemoveRightsManagementProtection = 0x1818;  ///< 14.1
}  // namespace rights_management

namespace find {                                        // page 25
inline constexpr Tag kFind = 0x1905;                    ///< 16.1
inline constexpr Tag kSearchId = 0x1906;                ///< 16.1
inline constexpr Tag kExecuteSearch = 0x1907;           ///< 16.1
inline constexpr Tag kMailBoxSearchCriterion = 0x1908;  ///< 16.1
inline constexpr Tag kQuery = 0x1909;                   ///< 16.1
inline constexpr Tag kStatus = 0x190A;                  ///< 16.1
inline constexpr Tag kFreeText = 0x190B;                ///< 16.1
inline constexpr Tag kOptions = 0x190C;                 ///< 16.1
inline constexpr Tag kRange = 0x190D;                   ///< 16.1
inline constexpr Tag kDeepTraversal = 0x190E;           ///< 16.1
inline constexpr Tag kResponse = 0x1911;                ///< 16.1
inline constexpr Tag kResult = 0x1912;                  ///< 16.1
inline constexpr Tag kProperties = 0x1913;              ///< 16.1
inline constexpr Tag kPreview = 0x1914;                 ///< 16.1
inline constexpr Tag kHasAttachments = 0x1915;          ///< 16.1
inline constexpr Tag kTotal = 0x1916;                   ///< 16.1
inline constexpr Tag kDisplayCc = 0x1917;               ///< 16.1
inline constexpr Tag kDisplayBcc = 0x1918;              ///< 16.1
inline constexpr Tag kGalSearchCriterion = 0x1919;      ///< 16.1
inline constexpr Tag kMaxPictures = 0x1920;             ///< 16.1
inline constexpr Tag kMaxSize = 0x1921;                 ///< 16.1
inline constexpr Tag kPicture = 0x1922;                 ///< 16.1
}  // namespace find

inline constexpr std::uint8_t kPages = 26;
inline constexpr std::uint8_t kNoPage = 0xFF;

/// The XML namespace of a page, without the colon some codecs add ("AirSyncBase"); empty for a page we do not know.
Text page_name(std::uint8_t page);
/// The page of an XML namespace, with or without the colon; kNoPage if there is none.
std::uint8_t find_page(Text name);
/// The element's name without its namespace ("Body"); empty for an element we do not know.
Text tag_name(Tag tag);
/// The element of that name on that page; 0 (which is no element) if there is none.
Tag find_tag(std::uint8_t page, Text name);
/// Whether the element's value is a byte array and is written as OPAQUE (MS-ASWBXML 2.1.1, MS-ASDTYPE 2.7.1). Servers
/// may send any text as OPAQUE and a byte array as a string: this is about writing and showing, not about what may be
/// read.
bool is_opaque_tag(Tag tag);

}  // namespace handsync::wbxml
