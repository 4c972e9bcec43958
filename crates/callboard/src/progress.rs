//! What is to be seen while a run goes on: a live line on a terminal, plain lines elsewhere.
