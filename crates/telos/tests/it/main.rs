//! The program as it is typed: arguments, output, exit codes, files.

mod composed;
mod init;
mod lists;
mod place;
