work_place('lost')
