//! Granted actions as tools of the Model Context Protocol.
