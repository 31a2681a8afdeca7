# For ROS 2 from PyPI wheels only: `cmake -DCMAKE_PROJECT_INCLUDE=cmake/ros_wheels.cmake`.
#
# The wheels' imported targets name include folders of the machine that built them, and CMake
# refuses to generate for a target with a missing one. A ROS 2 from apt needs none of this.

function(picosam_drop_missing_includes)
  get_property(targets DIRECTORY PROPERTY IMPORTED_TARGETS)
  foreach(target IN LISTS targets)
    get_target_property(folders ${target} INTERFACE_INCLUDE_DIRECTORIES)
    if(NOT folders)
      continue()
    endif()
    set(present "")
    foreach(folder IN LISTS folders)
      # A generator expression is not a folder yet: leave it to CMake.
      if(folder MATCHES "\\$<" OR IS_DIRECTORY "${folder}")
        list(APPEND present "${folder}")
      endif()
    endforeach()
    set_target_properties(${target} PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${present}")
  endforeach()
endfunction()

cmake_language(DEFER CALL picosam_drop_missing_includes)

# Most of the build's time goes into the headers of C++, which every file of a target reads anew:
# joined into one file, a target reads them once. (The generated C cannot be joined: its names
# repeat. What introspection adds for C++ cannot either, and no node in Python uses it.)
function(picosam_join_sources)
  foreach(support cpp fastrtps_c fastrtps_cpp)
    set(target ${PROJECT_NAME}__rosidl_typesupport_${support})
    if(TARGET ${target})
      set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 0)
    endif()
  endforeach()
endfunction()

cmake_language(DEFER CALL picosam_join_sources)

find_package(rosidl_default_generators REQUIRED)
list(FILTER AMENT_EXTENSIONS_rosidl_generate_idl_interfaces EXCLUDE REGEX introspection_cpp)
