//! Dates as people write them: "Monday, January 14, 2019 at 3 p.m.".
