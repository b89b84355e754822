/* The words by which columns are recognised: the one list that the import, its help and its tests
 * share. Compared without case, dots, quotes and geresh; dashes and underscores are spaces. */
#pragma once

#define HEADER_MOBILE                                                                                                                 \
    "mobile, mobile phone, mobile number, mobile no, mobilephone, cell, cell phone, cellphone, "                                      \
    "cell number, cell no, cellular, נייד, טלפון נייד, מספר נייד, מס נייד, סלולרי, סלולארי, " \
    "טלפון סלולרי, פלאפון, פלאפון נייד, מספר פלאפון"
#define HEADER_PHONE                                                                                                                       \
    "phone, phone number, phone no, phonenumber, tel, tel no, telephone, telephone number, "                                               \
    "msisdn, home phone, contact phone, contact number, phone 1 value, phone 2 value, "                                                    \
    "phone 3 value, טלפון, מספר טלפון, מס טלפון, טל, טלפון בבית, טלפון בית, טלפון נוסף, " \
    "טלפון ליצירת קשר"
#define HEADER_WORK "work phone, business phone, office phone, טלפון בעבודה, טלפון עבודה"
#define HEADER_WEAK "number, מספר"
#define HEADER_NAME                                                                                           \
    "name, full name, fullname, contact, contact name, display name, שם, שם מלא, שם איש קשר, " \
    "איש קשר"
#define HEADER_FIRST_NAME "first name, firstname, first, given name, forename, שם פרטי, פרטי"
#define HEADER_LAST_NAME  "last name, lastname, last, surname, family name, שם משפחה, משפחה"
#define HEADER_LANGUAGE   "language, lang, preferred language, שפה, שפה מועדפת"
#define HEADER_ZONE       "zone, time zone, timezone, tz, אזור זמן"
#define HEADER_WINDOW \
    "window, calling hours, call window, calling window, hours, שעות, שעות התקשרות, שעות שיחה"
