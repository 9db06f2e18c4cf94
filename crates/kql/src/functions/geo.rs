//! Places, lines and areas on the Earth.

use super::{A, BOOL, D, DYNAMIC, Function, N, REAL, Returns, S, STRING, f, opt};
use crate::types::Type;

/// Functions of geography. Names and types are those of the official binder
/// (`Functions.cs` of microsoft/Kusto-Query-Language); optional parameters are those of the reference.
pub const GEO: &[Function] = &[
    // Points
    opt(4, f("geo_distance_2points", &[N, N, N, N, A], REAL)),
    opt(3, f("geo_distance_point_to_line", &[N, N, D, A], REAL)),
    f("geo_distance_point_to_polygon", &[N, N, D], REAL),
    f("geo_point_in_circle", &[N, N, N, N, N], BOOL),
    f("geo_point_in_polygon", &[N, N, D], BOOL),
    opt(3, f("geo_point_buffer", &[N, N, N, N], DYNAMIC)),
    f("geo_closest_point_on_line", &[N, N, D], DYNAMIC),
    f("geo_closest_point_on_polygon", &[N, N, D], DYNAMIC),
    f("geo_azimuth", &[N, N, N, N], REAL),
    f("geo_angle", &[N, N, N, N, N, N], REAL),
    // Cells
    opt(2, f("geo_point_to_geohash", &[N, N, N], STRING)),
    f("geo_geohash_to_central_point", &[S], DYNAMIC),
    f("geo_geohash_to_polygon", &[S], DYNAMIC),
    f("geo_geohash_neighbors", &[S], DYNAMIC),
    opt(2, f("geo_point_to_s2cell", &[N, N, N], STRING)),
    f("geo_s2cell_to_central_point", &[S], DYNAMIC),
    f("geo_s2cell_to_polygon", &[S], DYNAMIC),
    f("geo_s2cell_neighbors", &[S], DYNAMIC),
    opt(2, f("geo_point_to_h3cell", &[N, N, N], STRING)),
    f("geo_h3cell_to_central_point", &[S], DYNAMIC),
    f("geo_h3cell_to_polygon", &[S], DYNAMIC),
    opt(1, f("geo_h3cell_parent", &[S, N], STRING)),
    opt(1, f("geo_h3cell_children", &[S, N], DYNAMIC)),
    f("geo_h3cell_neighbors", &[S], DYNAMIC),
    f("geo_h3cell_rings", &[S, N], DYNAMIC),
    f("geo_h3cell_level", &[S], Returns::Is(Type::Int)),
    opt(1, f("geo_polygon_to_s2cells", &[D, N, N], DYNAMIC)),
    opt(1, f("geo_line_to_s2cells", &[D, N, N], DYNAMIC)),
    opt(1, f("geo_polygon_to_h3cells", &[D, N, N], DYNAMIC)),
    // Lines
    opt(1, f("geo_line_length", &[D, A], REAL)),
    f("geo_line_centroid", &[D], DYNAMIC),
    opt(1, f("geo_line_densify", &[D, N, A], DYNAMIC)),
    opt(1, f("geo_line_simplify", &[D, N], DYNAMIC)),
    opt(2, f("geo_line_buffer", &[D, N, N], DYNAMIC)),
    f("geo_line_interpolate_point", &[D, N], DYNAMIC),
    opt(3, f("geo_line_locate_point", &[D, N, N, A], REAL)),
    // Areas
    f("geo_polygon_area", &[D], REAL),
    f("geo_polygon_perimeter", &[D], REAL),
    f("geo_polygon_centroid", &[D], DYNAMIC),
    opt(1, f("geo_polygon_densify", &[D, N, A], DYNAMIC)),
    opt(1, f("geo_polygon_simplify", &[D, N], DYNAMIC)),
    opt(2, f("geo_polygon_buffer", &[D, N, N], DYNAMIC)),
    // Shapes together
    f("geo_intersects_2lines", &[D, D], BOOL),
    f("geo_intersects_2polygons", &[D, D], BOOL),
    f("geo_intersects_line_with_polygon", &[D, D], BOOL),
    f("geo_intersection_2lines", &[D, D], DYNAMIC),
    f("geo_intersection_2polygons", &[D, D], DYNAMIC),
    f("geo_intersection_line_with_polygon", &[D, D], DYNAMIC),
    f("geo_union_lines_array", &[D], DYNAMIC),
    f("geo_union_polygons_array", &[D], DYNAMIC),
    opt(1, f("geo_simplify_polygons_array", &[D, N], DYNAMIC)),
    f("geo_from_wkt", &[S], DYNAMIC),
    // Addresses
    f("geo_info_from_ip_address", &[S], DYNAMIC),
];
