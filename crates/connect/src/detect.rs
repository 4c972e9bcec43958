//! What a document is, told from its content: the way in for input that names no connector.
