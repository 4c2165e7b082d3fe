# Writes OUTPUT: one row {"<file name without .avsc>", "<text>"} per schema of SCHEMAS, in order of name.
file(GLOB files ${SCHEMAS}/*.avsc)
list(SORT files)
set(rows "")
foreach(file IN LISTS files)
    get_filename_component(name ${file} NAME_WE)
    # HEX keeps semicolons, brackets and backslashes out of CMake's hands.
    file(READ ${file} hex HEX)
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "\\\\x\\1" text "${hex}")
    string(APPEND rows "{\"${name}\", \"${text}\"},\n")
endforeach()
file(WRITE ${OUTPUT} "${rows}")
