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
