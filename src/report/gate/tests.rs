//! Pages of a gate that holds everything, hostile names included.
